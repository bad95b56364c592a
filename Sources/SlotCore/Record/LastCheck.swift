/// What came of the last time that the feed was asked: `check.json` in the state directory.
public struct LastCheck: Equatable, Sendable {
  public static let byteLimit = 64 << 10

  public let at: Timestamp
  /// The word of `ReleaseChoice.Offer`, or `failed`.
  public let result: String
  /// Of the release that the feed offers, or would.
  public let version: String?
  /// Why the feed could not be asked, or not be believed.
  public let reason: String?
  public let code: String?
  /// Since when the feed is not reached; nil where it was.
  public let unreachableSince: Timestamp?

  public init(
    at: Timestamp, result: String, version: String? = nil, reason: String? = nil,
    code: String? = nil, unreachableSince: Timestamp? = nil
  ) {
    self.at = at
    self.unreachableSince = unreachableSince
    self.result = result
    self.version = version
    self.reason = reason.map { RecordEvent.bounded($0) }
    self.code = code
  }

  public init(_ choice: ReleaseChoice, at: Timestamp) {
    let offered: Release? =
      switch choice.offer {
      case .available(let release, _), .later(let release, _): release
      case .held(let release, _): release ?? choice.newest
      case .upToDate: nil
      }
    self.init(at: at, result: choice.offer.word, version: offered?.version)
  }

  /// - Parameter before: the check before, which may have failed for the same reason.
  public init(_ failure: any ActionableError, at: Timestamp, after before: LastCheck?) {
    self.init(
      at: at, result: LastCheck.failed, reason: failure.message, code: failure.qualifiedCode,
      unreachableSince: failure.domain == .source
        ? LastCheck.unreachableSince(at, after: before) : nil)
  }

  /// Since when a feed is not reached that is not at `time`: the first time counts.
  public static func unreachableSince(_ time: Timestamp, after before: LastCheck?) -> Timestamp {
    // A time that is still to come is of a clock that was wrong.
    guard let since = before?.unreachableSince, since <= time else { return time }
    return since
  }

  public static let failed = "failed"
  public static let available = "available"

  /// Whether it says nothing that `before` has not said.
  public func repeats(_ before: LastCheck?) -> Bool {
    result == before?.result && version == before?.version && code == before?.code
  }

  public var encoded: [UInt8] {
    Array(
      JSONValue.object([
        "type": .string("krux-check"), "format": .integer(1), "at": .string(at.description),
        "result": .string(result), "version": version.json, "reason": reason.json,
        "code": code.json, "unreachableSince": (unreachableSince?.description).json,
      ]).pretty.utf8)
  }

  /// Nil for what is none.
  public init?(decoding bytes: [UInt8]) {
    let limits = JSONLimits(byteCount: LastCheck.byteLimit, depth: 4, valueCount: 100)
    guard let json = try? JSONParser.parse(bytes, limits: limits),
      json["type"]?.stringValue == "krux-check",
      let at = json["at"]?.stringValue.flatMap({ Timestamp($0) }),
      let result = json["result"]?.stringValue
    else { return nil }
    self.init(
      at: at, result: result, version: json["version"]?.stringValue,
      reason: json["reason"]?.stringValue, code: json["code"]?.stringValue,
      unreachableSince: json["unreachableSince"]?.stringValue.flatMap { Timestamp($0) })
  }
}

extension RecordEvent {
  public init(_ check: LastCheck) {
    if check.result == LastCheck.failed {
      self.init(.checkFailed, reason: check.reason, code: check.code)
      return
    }
    let what = check.version.map { "version \($0.printable), " } ?? ""
    self.init(.checked, version: check.version, reason: what + check.result)
  }
}

extension ReleaseChoice.Offer {
  /// The stable name of what the feed has: that of `check --json`.
  public var word: String {
    switch self {
    case .upToDate: "up-to-date"
    case .available: LastCheck.available
    case .later: "later"
    case .held(_, let hold): hold.code
    }
  }
}
