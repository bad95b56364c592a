internal import SlotCore
internal import SystemPackage

/// How far `krux-health` is with this boot, kept in `/run/krux/health.json` for `status`.
public struct HealthReport: Equatable, Sendable {
  public enum State: String, Sendable {
    case checking, healthy, unhealthy
    /// Boot control leads to the other slot, and the reboot was asked for.
    case fallingBack = "falling-back"
  }

  public var state: State
  /// Of the last bad round, or of the verdict.
  public var reason: String?
  /// Of `health.d/wanted` and of the hooks: reported, and held against nobody.
  public var complaints: [String]
  /// Milliseconds of the boot clock at which a trial ends; nil without a trial.
  public var trialDeadline: Int64?

  public init(
    _ state: State, reason: String? = nil, complaints: [String] = [], trialDeadline: Int64? = nil
  ) {
    self.state = state
    self.reason = reason
    self.complaints = complaints
    self.trialDeadline = trialDeadline
  }

  /// Whole seconds that are left of a trial, never fewer than none.
  public var secondsLeft: Int64? {
    trialDeadline.map { max(0, max(0, $0) - BootClock.now()) / 1000 }
  }
}

extension HealthReport {
  func encoded(boot: String) -> [UInt8] {
    let json = JSONValue.object([
      "type": .string("krux-health"), "format": .integer(1), "boot": .string(boot),
      "state": .string(state.rawValue), "reason": reason.json,
      "complaints": .strings(complaints),
      "trialDeadlineMilliseconds": trialDeadline.map { .integer($0) },
    ])
    return Array(json.pretty.utf8)
  }

  /// Nil for what is no report of this boot.
  init?(decoding bytes: [UInt8], boot: String) {
    let limits = JSONLimits(byteCount: 64 << 10, depth: 4, valueCount: 1000)
    guard let json = try? JSONParser.parse(bytes, limits: limits),
      json["boot"]?.stringValue == boot,
      let state = json["state"]?.stringValue.flatMap(State.init)
    else { return nil }
    self.init(
      state, reason: json["reason"]?.stringValue,
      complaints: (json["complaints"]?.arrayValue ?? []).compactMap(\.stringValue),
      trialDeadline: json["trialDeadlineMilliseconds"]?.integerValue)
  }
}
