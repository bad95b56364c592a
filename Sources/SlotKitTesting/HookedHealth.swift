public import SlotCore
public import SlotKit

/// `ScriptedHealth` with somebody else at work whenever a line is said: an operator's command, say.
public final class HookedHealth: HealthEffects {
  public let base: ScriptedHealth
  private let onSay: @Sendable (String) -> Void

  public init(_ base: ScriptedHealth, onSay: @escaping @Sendable (String) -> Void) {
    self.base = base
    self.onSay = onSay
  }

  public func now() -> Int64 { base.now() }

  public func sleep(until time: Int64) throws(CancellationFailure) { try base.sleep(until: time) }

  public func check(isTrial: Bool) -> CheckResult { base.check(isTrial: isTrial) }

  public func wantedComplaints(isTrial: Bool) -> [String] {
    base.wantedComplaints(isTrial: isTrial)
  }

  public func runConfirmHooks(endedTrial: Bool) -> [String] {
    base.runConfirmHooks(endedTrial: endedTrial)
  }

  public func feedWatchdog(until deadline: Int64) { base.feedWatchdog(until: deadline) }

  public func handWatchdogOver() -> [String] { base.handWatchdogOver() }

  public func say(_ line: String) {
    onSay(line)
    base.say(line)
  }

  public func reboot() { base.reboot() }
}
