extension ReleaseChoice.Hold {
  /// The stable name, for programs.
  public var code: String {
    switch self {
    case .pinned, .pinUnknown: "pinned"
    case .knownBad: "known-bad"
    case .unplanned: "unplanned"
    case .sourceTooOld: "source-too-old"
    }
  }

  /// Why `version` is not offered: a sentence without its full stop.
  public func reason(_ version: String) -> String {
    switch self {
    case .pinned(let pin): "this device is pinned to \(pin)"
    case .pinUnknown(let pin):
      "this device is pinned to \(pin), which its channel does not have for it"
    case .knownBad(let reason): "\(version) failed on this device before: \(reason.printable)"
    case .unplanned: "the rollout of \(version) does not reach this device yet"
    case .sourceTooOld(let minimum):
      "\(version) can be installed from sequence \(minimum) on, and nothing leads there"
    }
  }

  /// What an operator can do about it: a sentence without its full stop.
  public func advice(_ version: String) -> String {
    switch self {
    case .pinned, .pinUnknown: "'krux-update unpin' lets it move"
    case .knownBad:
      "wait for a newer version, or run 'krux-update apply --version \(version) --force'"
    case .unplanned: "wait, or run 'krux-update apply --now' to go ahead of it"
    case .sourceTooOld: "tell the feed's publisher"
    }
  }
}
