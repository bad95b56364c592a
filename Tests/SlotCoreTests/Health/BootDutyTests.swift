import SlotCore
import Testing

/// What `krux-health` owes a boot, for every state that a boot can begin with.
@Suite struct BootDutyTests {
  private func ledger(_ change: (inout Ledger) -> Void = { _ in }) -> Ledger {
    var ledger = Ledger()
    ledger.provision(.a, .sample("1.0.0"), .sample(boot: "boot-0"))
    ledger.stage(.b, .sample("1.0.1"), .sample(boot: "boot-1"))
    change(&ledger)
    return ledger
  }

  private var trial: BootControl {
    BootControl(
      first: .b, a: SlotBootState(bootable: true, triesMade: 0),
      b: SlotBootState(bootable: true, triesMade: 1), trial: .b)
  }

  private func facts(
    _ control: BootControl?, _ ledger: Ledger?, booted: SlotName = .b, asTrial: Bool = false,
    boot: String = "boot-2", gaveUp: Bool = false
  ) -> BootFacts {
    BootFacts(
      control: control, ledger: ledger, booted: booted, bootID: boot, startedAsTrial: asTrial,
      gaveUp: gaveUp)
  }

  @Test func aTrialIsWatched() {
    #expect(BootDuty(facts(trial, ledger())) == .watchTrial)
    #expect(BootDuty(facts(trial, nil)) == .watchTrial)
    #expect(BootDuty(facts(trial, Ledger())) == .watchTrial)
  }

  /// The ledger's write of a confirm came through, that of boot control did not.
  @Test func aTrialThatTheLedgerHasAsConfirmedIsStillOne() {
    let confirmed = ledger { $0.confirm(.b, by: nil, .sample()) }
    #expect(BootDuty(facts(trial, confirmed)) == .watchTrial)
  }

  @Test func aFallBackThatWasCutOffIsFinished() {
    let failed = ledger { $0.fail(.b, reason: "gateway failed to start", .sample()) }
    #expect(
      BootDuty(facts(trial, failed)) == .finishFallBack(reason: "gateway failed to start"))
    var noWayBack = trial
    noWayBack.a.bootable = false
    #expect(BootDuty(facts(noWayBack, failed)) == .watchTrial)
  }

  @Test func everyOtherBootIsWatchedToo() {
    #expect(BootDuty(facts(trial, ledger(), booted: .a)) == .watch)
    #expect(BootDuty(facts(trial.confirmed(booted: .b, image: nil), ledger())) == .watch)
    let back = trial.fallenBack(from: .b, image: nil, reason: "x")
    #expect(BootDuty(facts(back, ledger(), booted: .a)) == .watch)
  }

  @Test func aSlotThatWasGivenUpIsLeftAlone() {
    let back = trial.fallenBack(from: .b, image: nil, reason: "x")
    #expect(BootDuty(facts(back, ledger(), gaveUp: true)) == .givenUp)
    #expect(BootDuty(facts(back, ledger())) == .watch)
  }

  @Test func withoutAnEnvironmentTheCommandLineOrTheLedgerTellATrial() {
    #expect(BootDuty(facts(nil, nil)) == .watch)
    #expect(BootDuty(facts(nil, nil, asTrial: true)) == .watchTrial)
    #expect(BootDuty(facts(nil, ledger())) == .watchTrial)
    #expect(BootDuty(facts(nil, ledger(), boot: "boot-1")) == .watch)
    #expect(BootDuty(facts(nil, ledger(), booted: .a)) == .watch)
  }

  // MARK: - The way back

  @Test func theWayBackIsASlotThatWasLeftAlone() {
    #expect(facts(trial, ledger()).hasWayBack)
    #expect(facts(trial, nil).hasWayBack)
    var disarmed = trial
    disarmed.a.bootable = false
    #expect(!facts(disarmed, ledger()).hasWayBack)
    let writing = ledger { $0.beginInstall(.a, .sample("1.0.2"), .sample()) }
    #expect(!facts(trial, writing).hasWayBack)
  }

  @Test func withoutAnEnvironmentTheOtherSlotHasToBeKnownAsGood() {
    #expect(facts(nil, ledger()).hasWayBack)
    #expect(!facts(nil, nil).hasWayBack)
    #expect(facts(nil, nil, asTrial: true).hasWayBack)
    let failed = ledger { $0.fail(.a, reason: "x", .sample()) }
    #expect(!facts(nil, failed).hasWayBack)
  }
}
