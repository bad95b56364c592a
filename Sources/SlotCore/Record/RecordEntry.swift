/// When, in which boot and by what an event was recorded.
public struct RecordStamp: Equatable, Sendable {
  public let at: Timestamp
  /// `/proc/sys/kernel/random/boot_id` of the running system.
  public let boot: String
  /// Program and subcommand: `krux-update apply`.
  public let command: String

  public init(at: Timestamp, boot: String, command: String) {
    self.at = at
    self.boot = boot
    self.command = command
  }
}

/// One line of the audit log: docs/formats/audit-log.md.
public struct RecordEntry: Equatable, Sendable {
  /// Bytes of a line with its end. No event that this version writes comes near it.
  public static let maximumLength = 32 << 10

  public let stamp: RecordStamp
  public let event: RecordEvent

  public init(_ event: RecordEvent, _ stamp: RecordStamp) {
    self.event = event
    self.stamp = stamp
  }

  /// The line, without its end.
  public var line: String {
    let figures = event.figures
    return JSONValue.object([
      "event": .string("update"), "kind": .string(event.kind.rawValue),
      "at": .string(stamp.at.description), "boot": .string(stamp.boot),
      "command": .string(stamp.command), "priority": .integer(event.priority.rawValue),
      "slot": (event.slot?.rawValue).json, "version": event.version.json,
      "sequence": event.sequence.map { .integer($0) },
      "imageDigest": (event.imageDigest?.hex).json, "service": event.service.json,
      "reason": event.reason.json, "code": event.code.json,
      "fetchedBytes": RecordEntry.count(figures?.fetchedBytes),
      "savedBytes": RecordEntry.count(figures?.savedBytes),
      "writtenBytes": RecordEntry.count(figures?.writtenBytes),
      "milliseconds": figures.map { .integer($0.milliseconds) },
    ]).compact
  }

  private static func count(_ value: UInt64?) -> JSONValue? {
    value.map { .integer(Int64(clamping: $0)) }
  }

  /// Nil for what is no line of an audit log: cut off, damaged, or of another program. Members that do not read are
  /// left out.
  public init?(line bytes: [UInt8]) {
    let limits = JSONLimits(byteCount: RecordEntry.maximumLength, depth: 8, valueCount: 1000)
    guard let json = try? JSONParser.parse(bytes, limits: limits),
      json["event"]?.stringValue == "update",
      let kind = json["kind"]?.stringValue.map(RecordEvent.Kind.init(rawValue:)),
      let at = json["at"]?.stringValue.flatMap({ Timestamp($0) })
    else { return nil }
    stamp = RecordStamp(
      at: at, boot: json["boot"]?.stringValue ?? "", command: json["command"]?.stringValue ?? "")
    event = RecordEvent(
      kind,
      priority: json["priority"]?.integerValue.flatMap(RecordEvent.Priority.init(rawValue:)),
      slot: json["slot"]?.stringValue.flatMap(SlotName.init(rawValue:)),
      version: json["version"]?.stringValue, sequence: json["sequence"]?.integerValue,
      imageDigest: json["imageDigest"]?.stringValue.flatMap(Digest.init(hex:)),
      service: json["service"]?.stringValue, reason: json["reason"]?.stringValue,
      code: json["code"]?.stringValue, figures: UpdateFigures(json))
  }
}

extension UpdateFigures {
  fileprivate init?(_ json: JSONValue) {
    func count(_ name: String) -> UInt64? {
      json[name]?.integerValue.flatMap { UInt64(exactly: $0) }
    }
    guard let fetched = count("fetchedBytes"), let saved = count("savedBytes"),
      let written = count("writtenBytes"), let milliseconds = json["milliseconds"]?.integerValue
    else { return nil }
    self.init(
      fetchedBytes: fetched, savedBytes: saved, writtenBytes: written,
      milliseconds: max(0, milliseconds))
  }
}
