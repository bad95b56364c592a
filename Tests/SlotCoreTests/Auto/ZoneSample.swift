import SlotCore

/// A file of a time zone, as zic(8) would write it.
struct ZoneSample {
  var version = UInt8(ascii: "2")
  /// Seconds ahead of UTC, by type.
  var offsets: [Int32] = [3600]
  var changes: [(at: Int64, type: UInt8)] = []
  var footer = "CET-1CEST,M3.5.0,M10.5.0/3"
  var leapSeconds: UInt32 = 0

  static let berlin = ZoneSample()

  var bytes: [UInt8] {
    let old =
      ZoneSample.header(version, leaps: 0, changes: 0, types: 1) + [UInt8](repeating: 0, count: 7)
    let header = ZoneSample.header(
      version, leaps: leapSeconds, changes: UInt32(changes.count), types: UInt32(offsets.count))
    let times = changes.flatMap { ZoneSample.bigEndian(UInt64(bitPattern: $0.at), 8) }
    let types = offsets.flatMap {
      ZoneSample.bigEndian(UInt64(UInt32(bitPattern: $0)), 4) + [0, 0]
    }
    return old + header + times + changes.map(\.type) + types + [0] + Array("\n\(footer)\n".utf8)
  }

  private static func header(
    _ version: UInt8, leaps: UInt32, changes: UInt32, types: UInt32
  ) -> [UInt8] {
    Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
      + [0, 0, leaps, changes, types, 1].flatMap { bigEndian(UInt64($0), 4) }
  }

  private static func bigEndian(_ value: UInt64, _ count: UInt64) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
  }

  func rules() throws -> TimeZoneRules { try TimeZoneRules(file: bytes, name: "Europe/Berlin") }
}

/// `2026-03-29T01:00:00Z`, which has to be one.
func time(_ text: String) -> Timestamp { Timestamp(text) ?? Timestamp(seconds: 0) }
