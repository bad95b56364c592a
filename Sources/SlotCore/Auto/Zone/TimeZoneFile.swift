/// Reads the files of /usr/share/zoneinfo: tzfile(5), RFC 9636.
///
/// localtime_r(3) would have to be told the zone by the environment, which every thread of a program reads.
extension TimeZoneRules {
  /// Bytes of a file: the largest of today has 4 KiB.
  public static let byteLimit = 64 << 10
  private static let headerLength = 44
  private static let offsets: ClosedRange<Int64> = -86_400...93_600

  /// - Parameter name: of the zone, as messages have it.
  /// - Throws: `unknownTimeZone` for what is no such file, and for those that count leap seconds.
  public init(file bytes: [UInt8], name: String) throws(AutoFailure) {
    guard let rules = TimeZoneRules(bytes, name) else {
      throw AutoFailure(
        .unknownTimeZone, "the file of time zone \(name.printable) is damaged",
        hint: "install the system's time zones again, or choose another one")
    }
    self = rules
  }

  private init?(_ bytes: [UInt8], _ name: String) {
    guard let old = Block(bytes, at: 0, timeLength: 4) else { return nil }
    guard old.version > 0 else {
      self.init(name, old, rule: nil)
      return
    }
    guard let block = Block(bytes, at: old.end, timeLength: 8),
      let footer = TimeZoneRules.footer(bytes[block.end...])
    else { return nil }
    guard !footer.isEmpty else {
      self.init(name, block, rule: nil)
      return
    }
    guard let rule = TimeZoneRule(footer) else { return nil }
    self.init(name, block, rule: rule)
  }

  private init?(_ name: String, _ block: Block, rule: TimeZoneRule?) {
    guard let types = block.offsets, let first = types.first,
      let changes = block.changes(types)
    else { return nil }
    self.init(name: name, first: first, changes: changes, rule: rule)
  }

  /// What stands between two line ends.
  private static func footer(_ bytes: ArraySlice<UInt8>) -> String? {
    let end = UInt8(ascii: "\n")
    guard bytes.first == end, let last = bytes.dropFirst().firstIndex(of: end) else { return nil }
    return String(decoding: bytes[(bytes.startIndex + 1)..<last], as: UTF8.self)
  }

  /// One of the two blocks of a file: the old one with times of 32 bits, the other with times of 64.
  private struct Block {
    let bytes: [UInt8]
    let version: UInt8
    let timeLength: Int
    private let timeCount: Int
    private let typeCount: Int
    private let start: Int
    let end: Int

    init?(_ bytes: [UInt8], at offset: Int, timeLength: Int) {
      let header = bytes.dropFirst(offset).prefix(TimeZoneRules.headerLength)
      guard header.count == TimeZoneRules.headerLength, header.starts(with: Array("TZif".utf8))
      else { return nil }
      // Counts of: UT indicators, standard indicators, leap seconds, changes, types, letters.
      let counts = (0..<6).map { Block.integer(bytes, at: offset + 20 + $0 * 4, length: 4) }
      guard counts.allSatisfy({ (0...Int64(TimeZoneRules.byteLimit)).contains($0) }),
        counts[2] == 0, (0...256).contains(counts[4])
      else { return nil }
      self.bytes = bytes
      self.timeLength = timeLength
      version = bytes[offset + 4]
      (timeCount, typeCount) = (Int(counts[3]), Int(counts[4]))
      start = offset + TimeZoneRules.headerLength
      let others = Int(counts[5] + counts[1] + counts[0])
      end = start + timeCount * (timeLength + 1) + typeCount * 6 + others
      guard end <= bytes.count else { return nil }
    }

    /// Big-endian, with its sign; within `bytes`, as the caller has seen to.
    private static func integer(_ bytes: [UInt8], at offset: Int, length: Int) -> Int64 {
      let first = Int64(Int8(bitPattern: bytes[offset]))
      return bytes[offset + 1..<offset + length].reduce(first) { $0 << 8 | Int64($1) }
    }

    /// Seconds ahead of UTC, of each type.
    var offsets: [Int64]? {
      let table = start + timeCount * (timeLength + 1)
      let offsets = (0..<typeCount).map { Block.integer(bytes, at: table + $0 * 6, length: 4) }
      return offsets.allSatisfy(TimeZoneRules.offsets.contains) ? offsets : nil
    }

    func changes(_ offsets: [Int64]) -> [TimeZoneRules.Change]? {
      var changes: [TimeZoneRules.Change] = []
      for index in 0..<timeCount {
        let at = Block.integer(bytes, at: start + index * timeLength, length: timeLength)
        let type = Int(bytes[start + timeCount * timeLength + index])
        guard type < offsets.count, changes.last.map({ $0.at < at }) ?? true else { return nil }
        changes.append(TimeZoneRules.Change(at: at, offset: offsets[type]))
      }
      return changes
    }
  }
}
