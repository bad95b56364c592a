public import SlotCore
public import SlotKit
internal import Synchronization

/// Units and a health endpoint of which a test says what they do; time passes only when somebody waits.
public final class ScriptedServices: ServiceEffects {
  private struct State {
    var now: Int64 = 0
    var log: [String] = []
    var unrestartable: [String: String] = [:]
    var checks: [CheckResult] = []
    var rest = CheckResult.healthy
    var onRestart: @Sendable (String) -> Void = { _ in }
    var onCheck: @Sendable (Int) -> Void = { _ in }
    var checked = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// What was asked of the units, in order.
  public var log: [String] { state.withLock { $0.log } }

  public func cannotRestart(_ unit: String, _ reason: String) {
    state.withLock { $0.unrestartable[unit] = reason }
  }

  /// What the next checks find, and all after them.
  public func script(_ checks: [CheckResult], then rest: CheckResult = .healthy) {
    state.withLock {
      $0.checks = checks
      $0.rest = rest
    }
  }

  public func onRestart(_ body: @escaping @Sendable (String) -> Void) {
    state.withLock { $0.onRestart = body }
  }

  /// Called with the number of each check, from 1 on.
  public func onCheck(_ body: @escaping @Sendable (Int) -> Void) {
    state.withLock { $0.onCheck = body }
  }

  public func now() -> Int64 { state.withLock { $0.now } }

  public func sleep(
    until time: Int64, _ cancellation: Cancellation
  ) throws(CancellationFailure) {
    try cancellation.check()
    state.withLock { $0.now = max($0.now, time) }
  }

  public func restart(_ unit: String, _ cancellation: Cancellation) -> UnitRestart {
    let (reason, hook) = state.withLock { state in
      state.log.append("restart \(unit)")
      return (state.unrestartable[unit], state.onRestart)
    }
    hook(unit)
    return reason.map(UnitRestart.impossible) ?? .done
  }

  public func stop(_ unit: String, _ cancellation: Cancellation) {
    state.withLock { $0.log.append("stop \(unit)") }
  }

  public func check(
    units: [String], health: ServiceHealth, _ cancellation: Cancellation
  ) -> CheckResult {
    let (number, result, hook) = state.withLock { state in
      state.checked += 1
      state.now += 100
      let result = state.checks.isEmpty ? state.rest : state.checks.removeFirst()
      return (state.checked, result, state.onCheck)
    }
    hook(number)
    return result
  }
}
