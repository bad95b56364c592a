extension AutoWait {
  /// Why nothing happens now, in one sentence without a full stop, and what ends it.
  ///
  /// - Parameter zone: in which times are said.
  public func sentence(_ zone: TimeZoneRules) -> String {
    switch self {
    case .off: "automatic updates are off"
    case .trialOpen: "the running version is on trial"
    case .rebootPending: "the running version was given up, and the other slot boots next"
    case .neverAnswered: "the feed has not answered yet"
    case .upToDate: "the newest version for this device is running"
    case .busy(let who): who.printable
    case .failed(nil, let reason): "the last try failed: \(reason.printable)"
    default: "\((version ?? "an update").printable) \(predicate(zone))"
    }
  }

  /// What follows the version.
  private func predicate(_ zone: TimeZoneRules) -> String {
    switch self {
    case .later(_, let time): "is offered to this device from \(zone.text(time)) (\(zone.name)) on"
    case .held(_, let hold): AutoWait.predicate(hold)
    case .downgrade:
      "is what this device is pinned to, and older than what runs: 'krux-update apply"
        + " --allow-downgrade' goes back"
    case .passed(let passed) where passed.why == .tried:
      "was tried once by automatic updates: 'krux-update apply' tries it again"
    case .passed: "ran here and was left: 'krux-update apply' installs it again"
    case .notAutomatic(_, .download): "is there: 'krux-update apply' installs it"
    case .notAutomatic(_, .apply): "is downloaded: 'krux-update apply' makes it next to boot"
    case .notAutomatic: "is staged and will activate on reboot"
    case .stagedByHand: "was staged by hand and will activate on reboot"
    case .didNotStart: "is staged, and a reboot did not start it: look at the boot script"
    case .window(_, let next, let opens):
      AutoWait.state(before: next) + " the window"
        + (opens.map { ", which opens \(zone.text($0)) (\(zone.name))" } ?? ", which does not open")
    case .clock: "waits for the clock, which is wrong, so that no window is known to be open"
    case .zone(_, let reason): "waits, as no window is known to be open: \(reason.printable)"
    case .inhibited(_, let reasons):
      "is held up: \(reasons.map(\.printable).joined(separator: "; "))"
    case .failed(_, let reason): "is tried again later: \(reason.printable)"
    case .off, .trialOpen, .rebootPending, .neverAnswered, .upToDate, .busy: ""
    }
  }

  private static func state(before next: AutoStep) -> String {
    next == .reboot ? "is staged, and its reboot waits for" : "is downloaded and waits for"
  }

  private static func predicate(_ hold: ReleaseChoice.Hold) -> String {
    switch hold {
    case .pinned(let pin): "is not taken: this device is pinned to \(pin.printable)"
    case .pinUnknown(let pin):
      "is not taken: this device is pinned to \(pin.printable), which its channel does not have for it"
    case .knownBad(let reason): "failed on this device before: \(reason.printable)"
    case .unplanned: "is not offered to this device yet by its rollout"
    case .sourceTooOld(let minimum):
      "can be installed from sequence \(minimum) on, and nothing leads there"
    }
  }
}
