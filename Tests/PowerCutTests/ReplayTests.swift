import PowerCut
import Testing

/// Parts of `make powercut`, which has the whole life, every cut and every defence.
@Suite(.serialized) struct ReplayTests {
  private let shop: ReleaseShop

  init() throws { shop = try ReleaseShop(frames: 2) }

  @Test func theReadBackFindsWhatADiskDropsOrAlters() throws {
    var disk = LyingDisk(shop)
    try disk.run()
    #expect(disk.violations == [])
    #expect(disk.faults >= 4)
  }

  @Test func theEndOfATrialDoesNotWaitForTheData() throws {
    #expect(try HangingData(shop).violation() == nil)
  }

  /// Each of these is missed when it is taken out, and within the first update. The others take longer to miss.
  @Test(arguments: [
    Weakness.headFirst, .noBodyFlush, .noSlotFlush, .noReadBack, .stagedAfterSwitch, .torn,
    .noTrial, .noTriesGivenBack, .ledgerInPlace, .noLedgerFlush, .noDirectoryFlush,
    .noLedgerDeadline,
  ])
  func eachDefencePreventsAViolation(_ weakness: Weakness) throws {
    let violation = try weakness.firstViolation(in: shop, seed: 1)
    #expect(violation?.contains(weakness.expectedViolation) ?? false, "\(violation ?? "none")")
  }
}
