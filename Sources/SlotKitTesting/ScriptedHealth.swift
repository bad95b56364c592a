public import SlotCore
public import SlotKit
internal import Synchronization

/// The world around a watched boot, from a script: a clock that moves only when somebody sleeps or checks, and the
/// results of the rounds in their order, the last one for ever.
public final class ScriptedHealth: HealthEffects {
  /// What was asked of the world, in order.
  public enum Event: Equatable, Sendable {
    case check(at: Int64)
    case feedWatchdog(until: Int64)
    case handWatchdogOver
    case wanted
    case hooks(endedTrial: Bool)
    case reboot
  }

  private struct World {
    var time: Int64
    var rounds: [CheckResult]
    var events: [Event] = []
    var said: [String] = []
  }

  private let world: Mutex<World>
  /// Milliseconds that one round takes.
  private let roundTime: Int64
  private let complaints: [String]
  /// Called before each round, with the number of the round: what somebody else does in the meantime.
  private let meanwhile: @Sendable (Int) -> Void

  public init(
    _ rounds: [CheckResult], start: Int64 = 3000, roundTime: Int64 = 100,
    complaints: [String] = [], meanwhile: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    world = Mutex(World(time: start, rounds: rounds))
    self.roundTime = roundTime
    self.complaints = complaints
    self.meanwhile = meanwhile
  }

  public var events: [Event] { world.withLock { $0.events } }
  public var said: [String] { world.withLock { $0.said } }

  private func record(_ event: Event) { world.withLock { $0.events.append(event) } }

  public func now() -> Int64 { world.withLock { $0.time } }

  public func sleep(until time: Int64) throws(CancellationFailure) {
    world.withLock { $0.time = max($0.time, time) }
  }

  public func check(isTrial: Bool) -> CheckResult {
    let round = world.withLock { world in
      world.events.append(.check(at: world.time))
      return world.events.count { if case .check = $0 { true } else { false } }
    }
    meanwhile(round)
    return world.withLock { world in
      world.time += roundTime
      return world.rounds.count > 1
        ? world.rounds.removeFirst() : world.rounds.first ?? .unhealthy(reason: "no script")
    }
  }

  public func wantedComplaints(isTrial: Bool) -> [String] {
    record(.wanted)
    return complaints
  }

  public func runConfirmHooks(endedTrial: Bool) -> [String] {
    record(.hooks(endedTrial: endedTrial))
    return []
  }

  public func feedWatchdog(until deadline: Int64) { record(.feedWatchdog(until: deadline)) }

  public func handWatchdogOver() -> [String] {
    record(.handWatchdogOver)
    return []
  }

  public func say(_ line: String) { world.withLock { $0.said.append(line) } }

  public func reboot() { record(.reboot) }
}
