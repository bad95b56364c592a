/// What boot control and ledger, read together, say of the running boot (docs/boot.md, rule 6).
public enum BootAssessment: Equatable, Sendable {
  /// No trial is on.
  case settled
  /// The booted slot is on trial.
  case trial
  /// The other slot is staged and was not booted yet.
  case staged
  /// The other slot was on trial, and this one came up instead: the bootloader went on to it, or the system on
  /// trial gave up for a reason that it left behind.
  case returned(from: SlotName, reason: String)
  /// The other slot was confirmed and stands first, and this one came up instead.
  case failedOver(from: SlotName)
  /// The running slot was given up in this boot, and the other one boots next: after `reject`, before the reboot.
  case givenUp
  /// The ledger has a trial that boot control never learnt of: the switch was cut off. Nobody is to blame.
  case switchNeverHappened(SlotName)

  /// - Parameter gaveUp: this very boot gave the running slot up. One that was given up earlier and runs all the same
  ///   was started by a person, or because the other one does not load: it may be confirmed.
  public init(
    _ control: BootControl, ledger: Ledger?, booted: SlotName, bootID: String, gaveUp: Bool = false
  ) {
    let other = booted.other
    switch control.trial {
    case booted: self = .trial
    case other: self = BootAssessment.otherOnTrial(control, ledger, other, bootID)
    default:
      if gaveUp, !control[booted].bootable, control.first == other {
        self = .givenUp
      } else if let reason = control.reason, !control[other].bootable {
        self = .returned(from: other, reason: reason)
      } else if control.first == other, control[other].bootable {
        self = .failedOver(from: other)
      } else if ledger?[other]?.state == .staged {
        self = .switchNeverHappened(other)
      } else {
        self = .settled
      }
    }
  }

  private static func otherOnTrial(
    _ control: BootControl, _ ledger: Ledger?, _ other: SlotName, _ bootID: String
  ) -> BootAssessment {
    if ledger?[other]?.stagedBoot == bootID || control[other].triesMade == 0 { return .staged }
    return .returned(from: other, reason: TrialEnd(control, of: other).reason)
  }
}

/// Whether the bootloader is seen to save the try that it spends on a boot (docs/boot.md, rule 2).
public struct TryEvidence: Equatable, Sendable {
  public let isSaved: Bool

  /// `seenThisBoot`: tries were given back in this boot, after the spent one had been seen.
  public init(_ control: BootControl, booted: SlotName, seenThisBoot: Bool) {
    isSaved = seenThisBoot || control[booted].triesMade > 0
  }
}
