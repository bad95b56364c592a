public import SlotCore

/// What watching a boot does to the world outside of boot control and ledger. A protocol, so that every way
/// through a boot can be walked in a test, without a clock.
public protocol HealthEffects: Sendable {
  /// Milliseconds of the boot clock.
  func now() -> Int64

  /// - Throws: `CancellationFailure`.
  func sleep(until time: Int64) throws(CancellationFailure)

  /// One round: the data partition's mount, the health endpoint, the required scripts.
  func check(isTrial: Bool) -> CheckResult

  /// The wanted scripts of a healthy boot: what they complain of.
  func wantedComplaints(isTrial: Bool) -> [String]

  /// The hooks of a confirmed version: what went wrong with them. At every healthy boot, because a cut between a
  /// confirmation and its hooks must not lose them.
  func runConfirmHooks(endedTrial: Bool) -> [String]

  /// The hardware watchdog is fed until `deadline` and for as long as the last round may take after that, and
  /// then never again.
  func feedWatchdog(until deadline: Int64)

  /// The watchdog is somebody else's from now on.
  func handWatchdogOver() -> [String]

  /// One line for the journal and for `systemctl status`.
  func say(_ line: String)

  /// The same for what the record tells of too: not said to the journal twice.
  func sayBesideRecord(_ line: String)

  /// Reboots, by force where the usual way does not end this system in time. Does not return on a real machine.
  func reboot()
}

extension HealthEffects {
  public func sayBesideRecord(_ line: String) { say(line) }
}
