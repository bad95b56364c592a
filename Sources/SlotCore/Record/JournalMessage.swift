/// The fields of one message for the journal, in its native protocol
/// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL).
public struct JournalMessage: Equatable, Sendable {
  public let fields: [(name: String, value: String)]

  /// - Parameter identifier: the program, as `journalctl -t` asks for it.
  public init(_ event: RecordEvent, _ stamp: RecordStamp, identifier: String) {
    let figures = event.figures
    let all: KeyValuePairs<String, String?> = [
      "MESSAGE": event.sentence, "MESSAGE_ID": event.kind.messageID,
      "PRIORITY": String(event.priority.rawValue), "SYSLOG_IDENTIFIER": identifier,
      "KRUX_EVENT": "update", "KRUX_KIND": event.kind.rawValue, "KRUX_COMMAND": stamp.command,
      "KRUX_SLOT": event.slot?.rawValue, "KRUX_VERSION": event.version,
      "KRUX_SEQUENCE": event.sequence.map { String($0) },
      "KRUX_IMAGE_DIGEST": event.imageDigest?.hex, "KRUX_SERVICE": event.service,
      "KRUX_REASON": event.reason, "KRUX_CODE": event.code,
      "KRUX_FETCHED_BYTES": figures.map { String($0.fetchedBytes) },
      "KRUX_SAVED_BYTES": figures.map { String($0.savedBytes) },
      "KRUX_WRITTEN_BYTES": figures.map { String($0.writtenBytes) },
      "KRUX_MILLISECONDS": figures.map { String($0.milliseconds) },
    ]
    fields = all.compactMap { name, value in value.map { (name, $0) } }
  }

  /// `NAME=value` and a line end for each; a value with a line end in it as the name, a line end, its length in
  /// 64 bits, little-endian, and then the value.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += name.utf8
      let lineEnd = UInt8(ascii: "\n")
      if value.utf8.contains(lineEnd) {
        bytes.append(lineEnd)
        let count = UInt64(value.utf8.count)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * UInt64($0))) }
      } else {
        bytes.append(UInt8(ascii: "="))
      }
      bytes += value.utf8
      bytes.append(lineEnd)
    }
    return bytes
  }

  public static func == (left: JournalMessage, right: JournalMessage) -> Bool {
    left.encoded == right.encoded
  }
}
