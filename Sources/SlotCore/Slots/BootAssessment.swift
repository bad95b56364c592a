/// What boot control and ledger, read together, say of the running boot (docs/boot.md, rule 6).
public enum BootAssessment: Equatable, Sendable {
  /// No trial is on.
  case settled
  /// The booted slot is on trial.
  case trial
  /// The other slot is staged and was not booted yet.
  case staged
  /// The other slot was on trial, spent tries, and this one came up instead.
  case returned(from: SlotName, reason: String)
  /// The running slot was given up, and the other one boots next: after `reject`, before the reboot.
  case givenUp
  /// The ledger has a trial that boot control never learnt of: the switch was cut off. Nobody is to blame.
  case switchNeverHappened(SlotName)

  public init(_ control: BootControl, ledger: Ledger?, booted: SlotName, bootID: String) {
    switch control.trial {
    case booted: self = .trial
    case nil where !control[booted].bootable && control.first != booted: self = .givenUp
    case nil:
      let staged = ledger?[booted.other].map { $0.state == .staged } ?? false
      self = staged ? .switchNeverHappened(booted.other) : .settled
    case let trial?:
      let sameBoot = ledger?[trial]?.stagedBoot == bootID
      let made = control[trial].triesMade
      if sameBoot || made == 0 {
        self = .staged
      } else {
        let used = "\(min(made, control.tries)) of \(control.tries) tries used"
        self = .returned(from: trial, reason: "The new version did not come up: \(used)")
      }
    }
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
