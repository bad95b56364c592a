internal import SlotCore

/// Units that run from the tree of a service: systemctl(1).
extension ServiceManager {
  /// Restarts a unit and waits until it is up, or is not.
  ///
  /// systemctl says 1 for a unit that did not come up, which is the checks' affair. Everything else is a unit that could
  /// not be restarted: there is none of the name (5), it is not to be restarted by hand (4), or it hangs.
  func restart(
    _ unit: String, timeoutSeconds: Int, _ cancellation: Cancellation
  ) -> UnitRestart {
    guard isRunning else { return .impossible("systemd does not run this machine") }
    let (ending, output) = BoundedProgram.run(
      [systemctl, "restart", "--", unit], timeoutSeconds: timeoutSeconds,
      cancellation: cancellation)
    switch ending {
    case .exited(status: 0), .exited(status: 1): return .done
    case .timedOut: return .impossible("it did not stop and start within \(timeoutSeconds) s")
    case .cancelled: return .impossible("interrupted")
    case .notStarted(let error): return .impossible("\(systemctl): \(error)")
    case .exited, .killed:
      return .impossible(ReasonText.line(String(decoding: output, as: UTF8.self)))
    }
  }

  func stop(_ unit: String, timeoutSeconds: Int, _ cancellation: Cancellation) {
    guard isRunning else { return }
    _ = BoundedProgram.run(
      [systemctl, "stop", "--", unit], timeoutSeconds: timeoutSeconds, cancellation: cancellation)
  }

  /// What is wrong with the first of `units` that is not active; nil when all are.
  func complaint(of units: [String], _ cancellation: Cancellation) -> String? {
    guard isRunning, !units.isEmpty else { return nil }
    let (_, output) = BoundedProgram.run(
      [systemctl, "is-active", "--"] + units, timeoutSeconds: ServiceManager.listTimeoutSeconds,
      cancellation: cancellation)
    let states = String(decoding: output, as: UTF8.self).split(separator: "\n")
    for (index, unit) in units.enumerated() {
      let state = index < states.count ? String(states[index]) : "of unknown state"
      if state != "active" { return "\(unit) is \(state)" }
    }
    return nil
  }
}
