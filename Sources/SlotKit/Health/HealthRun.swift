internal import Logging
public import SlotCore

/// How the watch over a boot ended.
public enum HealthOutcome: Equatable, Sendable {
  /// A trial ended well.
  case confirmed(version: String)
  /// A boot without a trial is healthy.
  case triesGivenBack
  /// The boot is healthy, and its boot environment was written anew.
  case environmentRecreated
  /// A trial ended badly, and the reboot was asked for.
  case fellBack(reason: String)
  /// The boot is not healthy, and there is nothing to fall back to, or no trial to end.
  case unhealthy(reason: String)
  /// This slot was given up by somebody else, who reboots.
  case givenUp
}

/// Watches one boot from early on until it is healthy or not, and does what follows from that.
///
/// What is to be done is decided by `BootDuty` and `HealthMonitor`; this carries it out. Nothing here
/// waits for the data partition without a bound.
public struct HealthRun: Sendable {
  /// Milliseconds that boot environment and ledger get to become readable: their file systems are mounted while
  /// this runs.
  static let environmentPatience: Int64 = 15_000
  static let ledgerPatience: Int64 = 10_000
  private static let pollInterval: Int64 = 200

  let updater: Updater
  let effects: any HealthEffects

  public init(_ updater: Updater, _ effects: any HealthEffects) {
    self.updater = updater
    self.effects = effects
  }

  private var policy: HealthPolicy { updater.configuration.health.policy }

  /// - Throws: `CancellationFailure`: the system is shutting down. The watchdog stays armed.
  public func run() throws(CancellationFailure) -> HealthOutcome {
    // A watcher that was restarted after the deadline still has its one round.
    effects.feedWatchdog(until: max(policy.deadline, effects.now()))
    let facts = try waitForFacts()
    let duty = BootDuty(facts)
    switch duty {
    case .givenUp: return leave(facts)
    case .finishFallBack(let reason): return fallBack(facts, reason: reason)
    case .watchTrial: begin(trial: facts)
    case .watch:
      updater.run.unmarkTrial()
      record(HealthReport(.checking))
      account(facts)
    }
    let verdict = try watch(isTrial: duty == .watchTrial)
    return conclude(verdict)
  }

  /// The system has ended in `emergency.target` or `rescue.target`. In a trial that is the end of it; otherwise
  /// nothing is done, and the shell is left to whoever comes.
  ///
  /// - Parameter reason: asked for when what was on its way has been waited for.
  ///
  /// - Throws: `CancellationFailure`.
  public func emergency(
    reason: () -> String
  ) throws(CancellationFailure) -> HealthOutcome {
    // The boot partition may still be on its way.
    let facts = try waitForFacts()
    switch BootDuty(facts) {
    case .watchTrial: return fallBack(facts, reason: reason())
    case .finishFallBack(let earlier): return fallBack(facts, reason: earlier)
    case .watch: return .unhealthy(reason: reason())
    case .givenUp: return leave(facts)
    }
  }

  /// Whether this boot is a trial that nobody has ended yet.
  public var isTrial: Bool {
    switch BootDuty(facts()) {
    case .watchTrial, .finishFallBack: true
    case .watch, .givenUp: false
    }
  }

  /// Leaves the marker for services where this boot is a trial. Early, and short.
  ///
  /// - Returns: whether it is one.
  public func mark() throws -> Bool {
    guard isTrial else { return false }
    try updater.run.markTrial(version: version(facts()))
    return true
  }

  private func version(_ facts: BootFacts) -> String {
    updater.identity.version ?? facts.ledger?[facts.booted]?.image.version ?? "unknown"
  }

  // MARK: - Before the first check

  private func facts() -> BootFacts {
    let control = (try? updater.boot.load())
    let state = updater.stateWithoutWaiting(control ?? .scriptDefaults)
    return BootFacts(
      control: control, ledger: state.ledgerIsUnreadable ? nil : state.ledger,
      booted: updater.booted, bootID: updater.machine.bootID,
      startedAsTrial: updater.machine.startedAsTrial, gaveUp: updater.run.gaveUp != nil)
  }

  /// The ledger is there, and not just what stands at its place before the data partition is mounted.
  private var ledgerIsThere: Bool {
    let state = updater.stateWithoutWaiting(.scriptDefaults)
    return !state.ledgerIsUnreadable && !state.ledgerIsMissing
  }

  /// Waits a little for the mounts of the boot and the data partition, whichever of them come.
  private func waitForFacts() throws(CancellationFailure) -> BootFacts {
    let start = effects.now()
    while true {
      // Asked first: what is there now is in the facts too.
      let hasLedger = ledgerIsThere
      let facts = facts()
      let waited = effects.now() - start
      if facts.control != nil || waited >= HealthRun.environmentPatience,
        hasLedger || waited >= HealthRun.ledgerPatience
      {
        return facts
      }
      try effects.sleep(until: effects.now() + HealthRun.pollInterval)
    }
  }

  /// Leaves a note in boot control that the trial got this far, and the marker for services.
  private func begin(trial facts: BootFacts) {
    let version = version(facts)
    effects.say("version \(version) is on trial")
    warnOf { try updater.run.markTrial(version: version) }
    record(HealthReport(.checking, trialDeadline: policy.deadline))
    guard facts.control != nil else { return }
    warnOf {
      let lock = try lock()
      defer { withExtendedLifetime(lock) {} }
      // An operator may have ended the trial by now.
      if let now = try updater.readableControl(), now.trial == facts.booted,
        now.reason != BootControl.startedReason
      {
        try updater.boot.save(now.started())
      }
    }
  }

  /// - Throws: `LockFailure`.
  private func lock() throws -> UpdateLock {
    try UpdateLock(
      directory: updater.layout.runDirectory, command: "krux-health",
      patience: TrialAuthority.health.patience)
  }

  /// The account of the boot before. Where it cannot be written now, the next boot makes it.
  private func account(_ facts: BootFacts) {
    guard facts.control != nil, facts.ledger != nil else { return }
    warnOf {
      let lock = try lock()
      defer { withExtendedLifetime(lock) {} }
      guard let control = try updater.readableControl() else { return }
      let state = updater.stateWithoutWaiting(control)
      guard !state.ledgerIsUnreadable else { return }
      let warnings = try updater.accountWithoutWaiting(state)
      for warning in warnings { effects.say("warning: \(warning)") }
      if warnings.isEmpty, case .returned(let slot, _) = state.assessment {
        effects.sayBesideRecord("accounted for the trial of slot \(slot.rawValue)")
      }
    }
  }

  // MARK: - The watch

  private enum Verdict {
    case healthy
    case unhealthy(String)
  }

  private func watch(isTrial: Bool) throws(CancellationFailure) -> Verdict {
    var monitor = HealthMonitor(policy)
    var action = monitor.start(at: effects.now())
    var said: String?
    while true {
      switch action {
      case .check:
        let result = effects.check(isTrial: isTrial)
        try updater.cancellation.check()
        action = monitor.checked(result, at: effects.now())
        if case .unhealthy(let reason) = result, reason != said {
          said = reason
          effects.say("not healthy yet: \(reason)")
          record(
            HealthReport(
              .checking, reason: reason, trialDeadline: isTrial ? policy.deadline : nil))
        }
      case .wait(let time):
        try effects.sleep(until: time)
        action = monitor.woken(at: effects.now())
      case .healthy: return .healthy
      case .unhealthy(let reason):
        return .unhealthy("\(HealthRun.timeoutWords) \(reason)")
      }
    }
  }

  /// What stands before the reason of the last round when a boot was never found healthy in time.
  static let timeoutWords = "Health check timeout:"

  // MARK: - The end

  /// Looked at once more: an operator may have decided in between, and the ledger may have come up.
  private func conclude(_ verdict: Verdict) -> HealthOutcome {
    let facts = facts()
    switch (BootDuty(facts), verdict) {
    case (.givenUp, _): return leave(facts)
    case (.finishFallBack(let reason), _): return fallBack(facts, reason: reason)
    case (.watchTrial, .unhealthy(let reason)): return fallBack(facts, reason: reason)
    case (.watch, .unhealthy(let reason)): return report(facts, reason: reason)
    case (.watchTrial, .healthy): return confirm(by: .health, facts)
    case (.watch, .healthy): return confirm(by: .routine, facts)
    }
  }

  private func confirm(by authority: TrialAuthority, _ facts: BootFacts) -> HealthOutcome {
    let isTrial = BootDuty(facts) == .watchTrial
    // Without a trial nothing is decided by the watchdog, and the lock may have to be waited for.
    var complaints = isTrial ? [] : effects.handWatchdogOver()
    var outcome = ConfirmOutcome.triesGivenBack
    do {
      let (confirmed, warnings) = try updater.confirm(by: authority)
      outcome = confirmed
      complaints += warnings
    } catch let failure as PolicyFailure where failure.code == .rebootPending {
      return leave(facts)
    } catch let failure as LockFailure where !isTrial && failure.code == .held {
      complaints.append("the tries were not given back: \(failure.message)")
    } catch {
      let reason = "the boot is healthy and could not be confirmed: \(error)"
      // A version that cannot write the boot environment could never be updated again.
      return isTrial ? fallBack(facts, reason: reason) : report(facts, reason: reason)
    }
    if isTrial { complaints += effects.handWatchdogOver() }
    record(HealthReport(.healthy, complaints: complaints))
    complaints += effects.runConfirmHooks(endedTrial: isTrial)
    complaints += effects.wantedComplaints(isTrial: isTrial)
    for complaint in complaints { effects.say("warning: \(complaint)") }
    record(HealthReport(.healthy, complaints: complaints))
    return switch outcome {
    case .confirmed(let version): .confirmed(version: version)
    case .triesGivenBack: .triesGivenBack
    case .environmentRecreated: .environmentRecreated
    }
  }

  /// Without a trial nothing is ended: the try stays spent, and an operator is told.
  private func report(_ facts: BootFacts, reason: String) -> HealthOutcome {
    record(HealthReport(.unhealthy, reason: reason))
    effects.sayBesideRecord("the boot is not healthy: \(reason)")
    for warning in effects.handWatchdogOver() { effects.say("warning: \(warning)") }
    warnOf {
      // An update may be the cure, and at work already: its records come before this one.
      let lock = try lock()
      defer { withExtendedLifetime(lock) {} }
      var state = updater.stateWithoutWaiting(facts.control ?? .scriptDefaults)
      let known = state.ledger.history.lastNumber
      state.ledger.reportUnhealthy(updater.booted, reason: reason, updater.context)
      for warning in updater.saveOrWarn(state) { effects.say("warning: \(warning)") }
      updater.report(state.ledger, since: known)
    }
    return .unhealthy(reason: reason)
  }

  private func fallBack(_ facts: BootFacts, reason: String) -> HealthOutcome {
    guard facts.hasWayBack else {
      return report(facts, reason: "\(reason); and there is no other slot to fall back to")
    }
    effects.sayBesideRecord("falling back: \(reason)")
    do {
      let evidence = ["krux-health: \(reason)", "boot: \(facts.bootID)"]
      guard let warnings = try updater.fallBack(reason: reason, evidence: evidence) else {
        effects.say("the trial has been ended already")
        return updater.run.gaveUp == nil ? report(facts, reason: reason) : leave(facts)
      }
      for warning in warnings { effects.say("warning: \(warning)") }
    } catch {
      effects.say("warning: \(error)")
      // Neither this nor the bootloader can write: a reboot would lead here again, for ever.
      if let control = facts.control, control[facts.booted].triesMade == 0 {
        return report(facts, reason: "\(reason); and the way back cannot be written: \(error)")
      }
    }
    record(HealthReport(.fallingBack, reason: reason))
    effects.reboot()
    return .fellBack(reason: reason)
  }

  /// The other slot boots next. If this watcher decided so, the reboot is its task.
  private func leave(_ facts: BootFacts) -> HealthOutcome {
    if updater.run.gaveUp == TrialAuthority.health.name {
      effects.reboot()
      return .fellBack(reason: facts.control?.reason ?? "unknown")
    }
    for warning in effects.handWatchdogOver() { effects.say("warning: \(warning)") }
    return .givenUp
  }

  // MARK: - Reports

  private func record(_ report: HealthReport) { warnOf { try updater.run.record(report) } }

  private func warnOf(_ body: () throws -> Void) {
    do { try body() } catch { effects.say("warning: \(error)") }
  }
}
