import SlotCore
import Testing

/// Why a trial ended that the bootloader came back from, from what is left of it.
@Suite struct TrialEndTests {
  private func end(
    made: Int = 3, tries: Int = 3, reason: String? = nil, _ traces: TrialTraces = TrialTraces()
  ) -> TrialEnd {
    let control = BootControl(
      first: .b, a: SlotBootState(bootable: true, triesMade: 1),
      b: SlotBootState(bootable: true, triesMade: made), trial: .b, tries: tries, reason: reason)
    return TrialEnd(control, of: .b, traces)
  }

  @Test func aKernelThatNeverCameUp() {
    #expect(end().reason == "The new version did not come up: 3 of 3 tries used")
    #expect(
      end().evidence == [
        "boot control: slot B on trial, 3 of 3 tries used",
        "krux-health left no note in the trial",
        "watchdog: the reset before this boot did not come from it",
        "kernel: no record of a panic",
      ])
  }

  @Test func aKernelThatDoesNotLoadLeavesTries() {
    #expect(
      end(made: 1).reason
        == "The new version could not be loaded by the bootloader: 1 of 3 tries used")
  }

  @Test func aTrialThatWasCutOffAfterItStarted() {
    let end = end(reason: BootControl.startedReason)
    #expect(
      end.reason
        == "The new version started and was cut off before it was confirmed: 3 of 3 tries used")
    #expect(end.evidence[1] == "krux-health ran in the trial and left no verdict")
  }

  @Test func theWatchdogBit() {
    let end = end(reason: BootControl.startedReason, TrialTraces(watchdogReset: true))
    #expect(
      end.reason
        == "The hardware watchdog reset the new version before it was confirmed: 3 of 3 tries used"
    )
    #expect(
      end.evidence[2] == "watchdog: the reset before this boot came from the hardware watchdog")
  }

  @Test func theKernelPanicked() {
    let end = end(
      TrialTraces(watchdogReset: true, panic: "Kernel panic - not syncing: No working init"))
    #expect(
      end.reason
        == "The kernel of the new version panicked (Kernel panic - not syncing: No working init):"
        + " 3 of 3 tries used")
    #expect(end.evidence[3] == "kernel: Kernel panic - not syncing: No working init")
  }

  @Test func aSingleTryWithoutATraceProvesNothing() {
    #expect(!end(made: 1, tries: 1).isConclusive)
    #expect(!end(made: 1, tries: 1, reason: BootControl.startedReason).isConclusive)
    #expect(end(made: 1, tries: 1, TrialTraces(watchdogReset: true)).isConclusive)
    #expect(end(made: 1, tries: 1, TrialTraces(panic: "x")).isConclusive)
    #expect(end(made: 2, tries: 2).isConclusive)
    #expect(end(made: 1, tries: 3).isConclusive)
  }

  @Test func moreTriesThanThereAreAreNotTold() {
    #expect(end(made: 9).reason == "The new version did not come up: 3 of 3 tries used")
  }
}
