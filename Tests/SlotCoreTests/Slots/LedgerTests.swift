import SlotCore
import Testing

@Suite struct LedgerTests {
  private let old = ImageIdentity.sample("1.0.0", sequence: 10, floor: 3)
  private let new = ImageIdentity.sample("1.0.1", sequence: 11, floor: 8)
  private let first = LedgerContext.sample(1000, boot: "boot-1")
  private let later = LedgerContext.sample(2000, boot: "boot-2")

  /// A device from the factory: A confirmed, and the new version staged in B.
  private var staged: Ledger {
    var ledger = Ledger()
    ledger.provision(.a, old, first)
    ledger.beginInstall(.b, new, first)
    ledger.stage(.b, new, first)
    return ledger
  }

  private func events(_ ledger: Ledger) -> [String] { ledger.history.entries.map(\.event) }

  @Test func provision() {
    var ledger = Ledger()
    ledger.provision(.a, old, first)
    #expect(ledger[.a]?.state == .confirmed && ledger[.a]?.everConfirmed == true)
    #expect(ledger[.a]?.image == old && ledger[.a]?.since == first.now)
    #expect(ledger[.b] == nil && ledger.floor == 3)
    #expect(events(ledger) == ["provisioned"])
  }

  @Test func stagingDoesNotRaiseTheFloor() {
    #expect(staged.floor == 3)
    #expect(staged[.b]?.state == .staged && staged[.b]?.stagedBoot == "boot-1")
    #expect(staged[.b]?.everConfirmed == false)
    #expect(events(staged) == ["provisioned", "install-started", "staged"])
  }

  @Test func carryingOnKeepsOneEntry() {
    var ledger = Ledger()
    ledger.beginInstall(.b, new, first)
    ledger.beginInstall(.b, new, later)
    #expect(events(ledger) == ["install-started"])
    #expect(ledger[.b]?.since == later.now)
    ledger.beginInstall(.b, old, later)
    #expect(events(ledger) == ["install-started", "install-started"])
  }

  /// What boots is still the version from before, of which nothing is known any more.
  @Test func cancellingWhatWasNotWrittenYetNamesNobody() {
    var ledger = staged
    ledger.beginInstall(.b, old, later)
    ledger.cancel(.b, later)
    #expect(ledger[.b] == nil)
    #expect(ledger.history.entries.last?.version == "unknown")
  }

  @Test func anInstallForgetsWhatTheSlotWas() {
    var ledger = staged
    ledger.confirm(.b, by: nil, later)
    ledger.beginInstall(.b, old, later)
    #expect(ledger[.b]?.state == .writing && ledger[.b]?.everConfirmed == false)
    #expect(ledger[.b]?.stagedBoot == nil)
  }

  @Test func confirm() {
    var ledger = staged
    ledger.confirm(.b, by: "operator", later)
    #expect(ledger[.b]?.state == .confirmed && ledger[.b]?.everConfirmed == true)
    #expect(ledger.floor == 8 && ledger[.b]?.since == later.now)
    #expect(ledger.history.entries.last?.detail == "operator")
    let before = ledger
    ledger.confirm(.b, by: "again", later)
    #expect(ledger == before)
  }

  @Test func theFloorNeverSinks() {
    var ledger = staged
    ledger.confirm(.b, by: nil, later)
    ledger.provision(.a, .sample("0.9", floor: 2), later)
    #expect(ledger.floor == 8)
  }

  @Test func fail() {
    var ledger = staged
    ledger.fail(.b, reason: "no answer", later)
    #expect(ledger[.b]?.state == .failed && ledger[.b]?.failure == "no answer")
    #expect(ledger.isKnownBad(new.imageDigest)?.reason == "no answer")
    #expect(ledger.isKnownBad(old.imageDigest) == nil)
    #expect(ledger.floor == 3)
    let before = ledger
    ledger.fail(.b, reason: "again", later)
    #expect(ledger == before)
  }

  @Test func aConfirmedImageIsNoLongerKnownBad() {
    var ledger = staged
    ledger.fail(.b, reason: "no answer", later)
    ledger.stage(.b, new, later)
    ledger.confirm(.b, by: nil, later)
    #expect(ledger.isKnownBad(new.imageDigest) == nil && ledger[.b]?.failure == nil)
  }

  @Test func knownBadIsBoundedAndHoldsAnImageOnce() {
    var ledger = Ledger()
    for number in 1...40 {
      ledger.stage(.b, .sample("v\(number)"), first)
      ledger.fail(.b, reason: "r\(number)", first)
    }
    #expect(ledger.knownBad.map(\.version) == (9...40).map { "v\($0)" })
    ledger.stage(.b, .sample("v10"), later)
    ledger.fail(.b, reason: "once more", later)
    #expect(ledger.knownBad.count == 32 && ledger.knownBad.last?.reason == "once more")
    #expect(ledger.knownBad.count { $0.version == "v10" } == 1)
  }

  @Test func cancel() {
    var ledger = staged
    ledger.cancel(.b, later)
    #expect(ledger[.b]?.state == .cancelled && ledger[.b]?.since == later.now)
    #expect(events(ledger).last == "cancelled" && ledger.knownBad.isEmpty)
  }

  @Test func rollBack() {
    var ledger = staged
    ledger.confirm(.b, by: nil, later)
    ledger.rollBack(from: .b, .sample(3000, boot: "boot-3"))
    #expect(ledger[.a]?.state == .staged && ledger[.a]?.stagedBoot == "boot-3")
    #expect(ledger[.a]?.everConfirmed == true && ledger[.a]?.image == old)
    #expect(ledger[.b]?.state == .confirmed && ledger.knownBad.isEmpty)
    #expect(events(ledger).suffix(2) == ["staged", "rolled-back"])
    #expect(ledger.history.entries.last?.detail == "from 1.0.1")
  }

  @Test func stagingTheSameImageAgainRemembersThatItWasConfirmed() {
    var ledger = staged
    ledger.confirm(.b, by: nil, later)
    ledger.stage(.b, new, later)
    #expect(ledger[.b]?.everConfirmed == true)
    ledger.stage(.b, old, later)
    #expect(ledger[.b]?.everConfirmed == false)
  }

  @Test func eventsForAnEmptySlotChangeNothing() {
    var ledger = Ledger()
    ledger.cancel(.a, first)
    ledger.confirm(.a, by: nil, first)
    ledger.rollBack(from: .a, first)
    #expect(ledger == Ledger())
  }

  /// The release may have taken the record with it; why it failed is kept all the same.
  @Test func aFailureWithoutARecordIsInTheHistory() {
    var ledger = Ledger()
    ledger.fail(.a, reason: "x", first)
    #expect(ledger.slots.isEmpty && ledger.knownBad.isEmpty)
    #expect(ledger.history.entries.map(\.event) == ["failed"])
    #expect(ledger.history.entries.first?.detail == "x")
  }

  private func stagedOnce() -> Ledger {
    var ledger = Ledger()
    ledger.stage(.b, .sample("1.0.1"), .sample(boot: "boot-1"))
    return ledger
  }

  private var noTrace: TrialEnd {
    let control = BootControl(
      first: .b, a: SlotBootState(bootable: true, triesMade: 1),
      b: SlotBootState(bootable: true, triesMade: 1), trial: .b, tries: 1)
    return TrialEnd(control, of: .b)
  }

  @Test func aTrialWithoutATraceIsHeldAgainstTheImageTheSecondTime() {
    var ledger = stagedOnce()
    ledger.leaveOpen(.b, noTrace, .sample())
    #expect(ledger[.b]?.state == .cancelled && ledger.knownBad == [])
    #expect(ledger.history.entries.last?.event == "inconclusive")
    ledger.stage(.b, .sample("1.0.1"), .sample(boot: "boot-2"))
    #expect(ledger[.b]?.inconclusive == noTrace.reason)
    ledger.leaveOpen(.b, noTrace, .sample())
    #expect(ledger[.b]?.state == .failed && ledger.knownBad.count == 1)
    #expect(ledger[.b]?.evidence == noTrace.evidence)
  }

  @Test func anotherImageStartsWithoutThat() {
    var ledger = stagedOnce()
    ledger.leaveOpen(.b, noTrace, .sample())
    ledger.stage(.b, .sample("1.0.2"), .sample(boot: "boot-2"))
    #expect(ledger[.b]?.inconclusive == nil)
  }

  @Test func evidenceComesBackFromTheDocument() throws {
    var ledger = stagedOnce()
    ledger.fail(.b, reason: "dark", evidence: ["one", "two"], .sample())
    #expect(try Ledger(decoding: ledger.encoded())[.b]?.evidence == ["one", "two"])
    var open = stagedOnce()
    open.leaveOpen(.b, noTrace, .sample())
    #expect(try Ledger(decoding: open.encoded())[.b]?.inconclusive == noTrace.reason)
  }

  @Test func aFailOverIsRecordedOnceInARow() {
    var ledger = stagedOnce()
    ledger.confirm(.b, by: nil, .sample())
    ledger.failOver(from: .b, reason: "x", .sample())
    ledger.reportUnhealthy(.a, reason: "y", .sample())
    ledger.failOver(from: .b, reason: "x", .sample())
    #expect(ledger.history.entries.suffix(2).map(\.event) == ["failed-over", "unhealthy"])
    ledger.confirm(.a, by: nil, .sample())
    ledger.rollBack(from: .a, .sample())
    ledger.failOver(from: .b, reason: "x", .sample())
    #expect(ledger.history.entries.last?.event == "failed-over")
  }
}
