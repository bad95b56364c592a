public import SlotCore

extension UpdateStatus {
  /// Whether somebody has to look at this device: critical where an update went wrong or the boot is not healthy,
  /// a warning where something waits for a reboot, a verdict or a command.
  public var plugin: PluginResult {
    let (state, text) = verdict
    let figures = [
      PluginResult.Figure("tries_left", Int64(booted.triesLeft), maximum: Int64(tries)),
      PluginResult.Figure("trial", assessment == .trial ? 1 : 0, maximum: 1),
      PluginResult.Figure("staged", assessment == .staged ? 1 : 0, maximum: 1),
    ]
    return PluginResult(state, text, figures)
  }

  private var verdict: (PluginResult.State, String) {
    let running = "\(version ?? "unknown version") in slot \(booted.name.rawValue)"
    if let environmentError { return (.unknown, environmentError) }
    if assessment == .givenUp {
      return (.critical, "\(running) was given up, and the other slot boots next")
    }
    if let health, health.state == .unhealthy || health.state == .fallingBack {
      return (.critical, "\(running) is not healthy: \(health.reason ?? "unknown")")
    }
    if let failedOver {
      return (.critical, "failed over from \(failedOver.version): \(failedOver.reason)")
    }
    if assessment == .trial { return (.warning, "\(running) is on trial") }
    if assessment == .staged {
      return (.warning, "\(other.image?.version ?? "an update") waits for a reboot; \(running)")
    }
    if let returned {
      return (.critical, "rolled back from \(returned.version): \(returned.reason)")
    }
    if let record = other.record, record.state == .writing {
      return (.warning, "an install of \(record.image.version) was cut off; \(running)")
    }
    if let warning = warnings.first { return (.warning, "\(running): \(warning)") }
    return (.ok, "\(running), confirmed")
  }
}
