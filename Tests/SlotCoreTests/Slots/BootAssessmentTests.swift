import SlotCore
import Testing

/// Rule 6 of docs/boot.md: who is to blame.
@Suite struct BootAssessmentTests {
  private let image = ImageIdentity.sample("1.0.1")

  private var staged: Ledger {
    var ledger = Ledger()
    ledger.provision(.a, .sample("1.0.0"), .sample(boot: "boot-0"))
    ledger.stage(.b, image, .sample(boot: "boot-1"))
    return ledger
  }

  private func control(trial: SlotName?, made: Int = 0, tries: Int = 3) -> BootControl {
    BootControl(
      first: .b, a: SlotBootState(bootable: true, triesMade: 1),
      b: SlotBootState(bootable: true, triesMade: made), trial: trial, tries: tries)
  }

  private func assess(
    _ control: BootControl, _ ledger: Ledger?, booted: SlotName = .a, boot: String = "boot-2",
    gaveUp: Bool = false
  ) -> BootAssessment {
    BootAssessment(control, ledger: ledger, booted: booted, bootID: boot, gaveUp: gaveUp)
  }

  @Test func settled() {
    var ledger = staged
    ledger.confirm(.b, by: nil, .sample())
    #expect(assess(control(trial: nil), ledger, booted: .b) == .settled)
    #expect(assess(control(trial: nil), nil, booted: .b) == .settled)
    #expect(assess(control(trial: nil), Ledger(), booted: .b) == .settled)
  }

  @Test func theSwitchNeverHappened() {
    var disarmed = control(trial: nil, made: 3)
    disarmed.first = .a
    #expect(assess(disarmed, staged) == .switchNeverHappened(.b))
    #expect(assess(control(trial: nil), staged, booted: .b) == .settled)
  }

  /// After `reject`, before the reboot: the running slot is given up.
  @Test func theRunningSlotWasGivenUp() {
    let rejected = control(trial: .b, made: 1).fallenBack(from: .b, image: nil, reason: "dark")
    for ledger in [staged, Ledger(), nil] {
      #expect(assess(rejected, ledger, booted: .b, gaveUp: true) == .givenUp)
      // In a later boot somebody started it by hand, because the other one does not come up.
      #expect(assess(rejected, ledger, booted: .b) == .failedOver(from: .a))
    }
  }

  /// The system on trial gave itself up, and left the reason where a lost data partition does not matter.
  @Test func theSystemOnTrialGaveUp() {
    let back = control(trial: .b, made: 1).fallenBack(from: .b, image: nil, reason: "dark")
    for ledger in [staged, Ledger(), nil] {
      #expect(assess(back, ledger) == .returned(from: .b, reason: "dark"))
    }
    let accounted = back.accounted(booted: .a, failed: .b, image: nil)
    #expect(assess(accounted, Ledger()) == .settled)
  }

  @Test func theBootloaderWentOnFromAConfirmedSlot() {
    var ledger = staged
    ledger.confirm(.b, by: nil, .sample())
    var control = control(trial: nil, made: 3)
    #expect(assess(control, ledger) == .failedOver(from: .b))
    #expect(assess(control, nil) == .failedOver(from: .b))
    #expect(assess(control, ledger, booted: .b) == .settled)
    control.b.bootable = false
    #expect(assess(control, ledger) == .settled)
  }

  @Test func theBootedSlotIsOnTrial() {
    #expect(assess(control(trial: .b, made: 1), staged, booted: .b) == .trial)
    #expect(assess(control(trial: .b, made: 1), nil, booted: .b) == .trial)
    #expect(assess(control(trial: .b), staged, booted: .b, boot: "boot-1") == .trial)
  }

  @Test func theBootThatStagedItBlamesNobody() {
    #expect(assess(control(trial: .b, made: 3), staged, boot: "boot-1") == .staged)
  }

  @Test func noTrySpentIsNotTriedYet() {
    #expect(assess(control(trial: .b, made: 0), staged) == .staged)
    #expect(assess(control(trial: .b, made: 0), nil) == .staged)
  }

  @Test(arguments: [1, 2, 3, 9]) func spentTriesAndTheOtherSlotUp(_ made: Int) {
    let reason = TrialEnd(control(trial: .b, made: made), of: .b).reason
    for ledger in [staged, nil] {
      #expect(assess(control(trial: .b, made: made), ledger) == .returned(from: .b, reason: reason))
    }
  }

  @Test func triesAreSavedWhenOneIsSeenSpent() {
    let unspent = BootControl.scriptDefaults
    var spent = unspent
    spent.a.triesMade = 1
    #expect(!TryEvidence(unspent, booted: .a, seenThisBoot: false).isSaved)
    #expect(!TryEvidence(spent, booted: .b, seenThisBoot: false).isSaved)
    #expect(TryEvidence(spent, booted: .a, seenThisBoot: false).isSaved)
    #expect(TryEvidence(unspent, booted: .a, seenThisBoot: true).isSaved)
  }
}
