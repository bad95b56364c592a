public import SlotCore

/// What came of asking for a unit's restart.
public enum UnitRestart: Equatable, Sendable {
  /// It was restarted; whether it came up is for the checks to say.
  case done
  /// It was not, and runs as before if it does: why, in words.
  case impossible(String)
}

/// What the switch of a service does to the units that run from its tree. A protocol, so that every way through it can be
/// walked in a test, without systemd or a clock.
public protocol ServiceEffects: Sendable {
  /// Milliseconds of the boot clock.
  func now() -> Int64
  /// - Throws: `CancellationFailure`.
  func sleep(until time: Int64, _ cancellation: Cancellation) throws(CancellationFailure)
  func restart(_ unit: String, _ cancellation: Cancellation) -> UnitRestart
  /// For a service that has no tree left to run from.
  func stop(_ unit: String, _ cancellation: Cancellation)
  /// One round: every unit of `units` is active, and the health endpoint answers well.
  func check(
    units: [String], health: ServiceHealth, _ cancellation: Cancellation
  ) -> CheckResult
}

/// The effects on the machine that this runs on; in a folder that plays a device there are no units.
struct SystemServices: ServiceEffects {
  let restartTimeoutSeconds: Int
  let requestTimeoutSeconds: Int
  private let manager: ServiceManager?

  init(_ layout: Layout, _ configuration: Configuration) {
    manager = layout.folder == nil ? ServiceManager() : nil
    restartTimeoutSeconds = configuration.services.restartTimeoutSeconds
    requestTimeoutSeconds = configuration.health.requestTimeoutSeconds
  }

  func now() -> Int64 { BootClock.now() }

  func sleep(until time: Int64, _ cancellation: Cancellation) throws(CancellationFailure) {
    while now() < time { try cancellation.sleep(milliseconds: time - now()) }
    try cancellation.check()
  }

  func restart(_ unit: String, _ cancellation: Cancellation) -> UnitRestart {
    manager?.restart(unit, timeoutSeconds: restartTimeoutSeconds, cancellation) ?? .done
  }

  func stop(_ unit: String, _ cancellation: Cancellation) {
    manager?.stop(unit, timeoutSeconds: restartTimeoutSeconds, cancellation)
  }

  func check(
    units: [String], health: ServiceHealth, _ cancellation: Cancellation
  ) -> CheckResult {
    if let reason = manager?.complaint(of: units, cancellation) {
      return .unhealthy(reason: ReasonText.line(reason))
    }
    guard !health.url.isEmpty else { return .healthy }
    let probe = HTTPProbe(url: health.url, timeoutSeconds: requestTimeoutSeconds)
    return probe.probe().result(of: SystemHealth.name(of: health.url))
  }
}
