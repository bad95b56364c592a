/// What is known of a boot when its watch begins.
public struct BootFacts: Equatable, Sendable {
  /// Nil when the boot environment cannot be read.
  public var control: BootControl?
  /// Nil when the data partition does not answer.
  public var ledger: Ledger?
  public var booted: SlotName
  public var bootID: String
  /// The kernel's command line says that the boot script started this boot as a trial.
  public var startedAsTrial: Bool
  /// The running slot was given up in this boot.
  public var gaveUp: Bool

  public init(
    control: BootControl?, ledger: Ledger?, booted: SlotName, bootID: String,
    startedAsTrial: Bool = false, gaveUp: Bool = false
  ) {
    self.control = control
    self.ledger = ledger
    self.booted = booted
    self.bootID = bootID
    self.startedAsTrial = startedAsTrial
    self.gaveUp = gaveUp
  }
}

/// What `krux-health` owes a boot, decided before the first check and again before anything is confirmed.
public enum BootDuty: Equatable, Sendable {
  /// Watch, and confirm or fall back.
  case watchTrial
  /// Watch, and give the tries back or report.
  case watch
  /// The ledger says that this trial has failed: the fall back was cut off before the bootloader learnt of it.
  case finishFallBack(reason: String)
  /// This slot was given up, and the other one boots next: nothing may be written.
  case givenUp

  public init(_ facts: BootFacts) {
    guard let control = facts.control else {
      self = BootDuty.withoutEnvironment(facts)
      return
    }
    switch BootAssessment(
      control, ledger: facts.ledger, booted: facts.booted, bootID: facts.bootID,
      gaveUp: facts.gaveUp)
    {
    case .trial:
      if let record = facts.ledger?[facts.booted], record.state == .failed,
        control[facts.booted.other].bootable
      {
        self = .finishFallBack(reason: record.failure ?? "unknown")
      } else {
        self = .watchTrial
      }
    case .givenUp: self = .givenUp
    case .settled, .staged, .returned, .failedOver, .switchNeverHappened: self = .watch
    }
  }

  /// Command line and ledger say what the environment would have.
  private static func withoutEnvironment(_ facts: BootFacts) -> BootDuty {
    let record = facts.ledger?[facts.booted]
    let isStaged = record?.state == .staged && record?.stagedBoot != facts.bootID
    return facts.startedAsTrial || isStaged ? .watchTrial : .watch
  }
}

extension BootFacts {
  /// Whether the other slot may be booted instead: it was whole when the trial began, and nothing has written it
  /// since. Otherwise the system stays, and reports.
  public var hasWayBack: Bool {
    let record = ledger?[booted.other]
    // A slot is disarmed before it is written, so one that is bootable was left alone. That a trial was
    // started at all says the same of the slot that staged it.
    guard let control else { return startedAsTrial || record?.isGood ?? false }
    return control[booted.other].bootable && record?.state != .writing
  }
}
