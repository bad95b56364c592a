public import SlotCore

/// How long a release may wait before somebody is told.
public struct WaitingLimits: Equatable, Sendable {
  /// Seconds since it was released.
  public var warning: Int64
  /// Nil for never.
  public var critical: Int64?

  public init(warning: Int64, critical: Int64?) {
    self.warning = warning
    self.critical = critical
  }
}

extension FeedCheck {
  /// Whether somebody has to look at what the feed has for this device.
  public func plugin(_ limits: WaitingLimits) -> PluginResult {
    let running = "running \(version ?? "an unknown version")"
    if let unreachable { return PluginResult(.unknown, unreachable.message) }
    if let withdrawal = choice.runningWithdrawn?.withdrawal {
      return PluginResult(
        .critical, "\(version ?? "the running version") was withdrawn: \(withdrawal.reason)")
    }
    switch choice.offer {
    case .upToDate:
      return PluginResult(.ok, "\(running), the newest for this device", [age(nil, limits)])
    case .available(let release, _):
      let waited = max(0, now.seconds - release.released.seconds)
      let state: PluginResult.State =
        if let critical = limits.critical, waited >= critical {
          .critical
        } else if waited >= limits.warning {
          .warning
        } else {
          .ok
        }
      return PluginResult(
        state, "\(release.version) is waiting for \(waited / 86_400) days, \(running)",
        [age(waited, limits)])
    case .later(let release, _):
      return PluginResult(.ok, "\(release.version) comes later, \(running)", [age(nil, limits)])
    case .held(let release, let hold):
      let name = release?.version ?? choice.newest?.version ?? "a release"
      return PluginResult(
        hold.needsSomebody ? .warning : .ok,
        "\(name) is held back (\(choice.offer.word)), \(running)",
        [age(nil, limits)])
    }
  }

  private func age(_ seconds: Int64?, _ limits: WaitingLimits) -> PluginResult.Figure {
    PluginResult.Figure(
      "waiting", seconds ?? 0, unit: "s", warning: limits.warning, critical: limits.critical)
  }
}

extension ReleaseChoice.Hold {
  /// It stays so until a person does something.
  fileprivate var needsSomebody: Bool {
    switch self {
    case .pinned, .unplanned: false
    case .pinUnknown, .knownBad, .sourceTooOld: true
    }
  }
}
