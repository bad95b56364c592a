/// What automatic updates do next.
public enum AutoDecision: Equatable, Sendable {
  /// Ask the feed.
  case check
  case download(Release)
  /// With the download, where that was not made.
  case apply(Release)
  case reboot(ImageIdentity)
  /// What they made next to boot was withdrawn since, for this reason: it does not boot any more.
  case callOff(ImageIdentity, reason: String)
  case wait(AutoWait)
}

/// Why nothing is to be done now.
public enum AutoWait: Equatable, Sendable {
  case off
  /// The running version is on trial.
  case trialOpen
  /// The running version was given up, and the other slot boots next.
  case rebootPending
  /// The feed never answered.
  case neverAnswered
  case upToDate
  /// By the rollout.
  case later(version: String, at: Timestamp)
  case held(version: String?, ReleaseChoice.Hold)
  /// The pin leads to a version below the running one, which takes a person's word.
  case downgrade(version: String)
  case passed(AutoMemory.Passed)
  /// The next step is not automatic: `download`, `apply` or `reboot`.
  case notAutomatic(version: String, next: AutoStep)
  /// Somebody else made it next to boot.
  case stagedByHand(version: String)
  /// A reboot was made for it, and it did not start.
  case didNotStart(version: String)
  /// Opens then; nil: in three weeks it does not.
  case window(version: String, next: AutoStep, opens: Timestamp?)
  /// The clock is known to be wrong, so no window is known to be open.
  case clock(version: String)
  /// The zone of the windows cannot be read, for this reason.
  case zone(version: String, reason: String)
  case inhibited(version: String, reasons: [String])
  /// The last try failed for this reason.
  case failed(version: String?, reason: String)
  /// Another command is at work, which the sentence names.
  case busy(String)

  /// The stable name, for programs.
  public var code: String {
    switch self {
    case .off: "off"
    case .trialOpen: "trial-open"
    case .rebootPending: "reboot-pending"
    case .neverAnswered: "never-answered"
    case .upToDate: "up-to-date"
    case .later: "later"
    case .held(_, let hold): hold.code
    case .downgrade: "downgrade"
    case .passed(let passed): passed.why == .tried ? "tried" : "left"
    case .notAutomatic: "not-automatic"
    case .stagedByHand: "staged-by-hand"
    case .didNotStart: "did-not-start"
    case .window: "window"
    case .clock: "clock"
    case .zone: "time-zone"
    case .inhibited: "inhibited"
    case .failed: "failed"
    case .busy: "busy"
    }
  }

  /// The version that waits; nil where none does.
  public var version: String? {
    switch self {
    case .off, .trialOpen, .rebootPending, .neverAnswered, .upToDate, .busy: nil
    case .held(let version, _), .failed(let version, _): version
    case .passed(let passed): passed.version
    case .later(let version, _), .downgrade(let version), .notAutomatic(let version, _),
      .stagedByHand(let version), .didNotStart(let version), .window(let version, _, _),
      .clock(let version), .zone(let version, _), .inhibited(let version, _):
      version
    }
  }

  /// When it is over, as far as that is known.
  public var until: Timestamp? {
    switch self {
    case .later(_, let time): time
    case .window(_, _, let opens): opens
    default: nil
    }
  }
}
