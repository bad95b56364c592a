import SlotCore
import SlotKit
import SlotKitTesting
import Testing

@Suite struct InstallTests {
  static let head: Range<UInt64> = 0..<(64 << 10)

  @Test func writesTheImageAndSwitches() throws {
    let harness = try InstallHarness()
    #expect(try harness.apply() == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    #expect(harness.boot.current.first == .b)
    #expect(harness.boot.current.trial == .b)
    #expect(harness.boot.current.triesLeft(.b) == 3)
    #expect(harness.boot.current.triesLeft(.a) == 3)
    #expect(harness.ledger.current[.b]?.state == .staged)
    #expect(
      harness.events
        == ["verified", "planned \(harness.bundle.image.count)", "disarmed", "switched"])
  }

  /// Of the size that publishers use: two that do not compress fill a buffer, four that do are digested together and
  /// written two at a time; the last is short.
  @Test func framesOfTheUsualSize() throws {
    let frameSize = 256 << 10
    var random = SeededRandom(seed: 9)
    func frame(isNoise: Bool, _ count: Int) -> [UInt8] {
      (0..<count).map { isNoise || $0 % 4 == 0 ? UInt8(truncatingIfNeeded: random.next()) : 0 }
    }
    let image =
      (0..<12).flatMap { frame(isNoise: $0 < 3 || $0 > 9, frameSize) }
      + frame(isNoise: false, 12_288)
    let bundle = SampleBundle(
      image: image, version: "2.0", sequence: 20, key: .generate(), frameSize: frameSize)
    #expect(bundle.records.map(\.codec).filter { $0 == .stored }.count == 5)
    let harness = try InstallHarness(bundle)
    #expect(try harness.apply() == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
  }

  /// The order that makes every cut harmless: head cleared and flushed, the rest written, flushed and read
  /// back, the head last, flushed and read back.
  @Test func clearsTheHeadFirstAndWritesItLast() throws {
    let harness = try InstallHarness()
    try harness.apply()
    let log = harness.target.log
    #expect(log[0] == .zero(InstallTests.head))
    #expect(log[1] == .flush)
    let headWrite = try #require(log.lastIndex(of: .write(InstallTests.head)))
    let otherWrites = log.indices.filter { index in
      if case .write(let range) = log[index] { range != InstallTests.head } else { false }
    }
    let lastOther = try #require(otherWrites.last)
    #expect(lastOther < headWrite)
    let between = log[lastOther..<headWrite]
    let flush = try #require(between.firstIndex(of: .flush))
    let readBack = log[flush..<headWrite].reduce(0) { sum, operation in
      if case .read(let range) = operation { sum + range.count } else { sum }
    }
    #expect(readBack == harness.bundle.image.count)
    #expect(log[headWrite + 1] == .flush)
    guard case .read(let range) = log[headWrite + 2] else {
      Issue.record("the head is not read back")
      return
    }
    #expect(range.lowerBound == 0)
    let writesBeforeHead = log[2..<headWrite].filter { operation in
      if case .write(let range) = operation { range.overlaps(InstallTests.head) } else { false }
    }
    #expect(writesBeforeHead.isEmpty)
  }

  /// Flash lives by the writes that are not made.
  @Test func onlyWhatDiffersIsWritten() throws {
    let bundle = SampleBundle()
    var old = bundle.image
    for block in [20, 21, 90] { old[block * 4096 + 7] ^= 0xFF }
    let harness = try InstallHarness(bundle, target: MemoryDevice(name: "target", bytes: old))
    try harness.apply()
    #expect(harness.imageInTarget)
    let writes = harness.target.log.compactMap { operation -> Range<UInt64>? in
      if case .write(let range) = operation { range } else { nil }
    }
    let blocks: [Range<UInt64>] = [81_920..<90_112, 368_640..<372_736, InstallTests.head]
    #expect(Set(writes) == Set(blocks))
  }

  @Test(arguments: [
    MemoryDevice.Fault.droppedWrite(at: 100_000), .corruptedWrite(at: 100_000),
    .droppedWrite(at: 2_000_000), .writeError(at: 1_500_000), .flushError,
  ])
  func anyFaultOfTheDiskLeavesTheOldSystem(fault: MemoryDevice.Fault) throws {
    let harness = try InstallHarness()
    harness.target.addFault(fault)
    #expect(throws: (any Error).self) { try harness.apply() }
    #expect(harness.isDisarmed)
  }

  @Test func aHeadThatDoesNotLandIsSeen() throws {
    let harness = try InstallHarness()
    // The first fault is used up by the zeros of the disarm, the second by the head itself.
    harness.target.addFault(.droppedWrite(at: 0))
    harness.target.addFault(.droppedWrite(at: 0))
    let failure = #expect(throws: SlotFailure.self) { try harness.apply() }
    #expect(failure?.code == .readBackMismatch)
    #expect(harness.isDisarmed)
  }

  @Test func aReadBackErrorIsNoSuccess() throws {
    let harness = try InstallHarness()
    // The first is used up by the look at what is there before it is written.
    harness.target.addFault(.readError(at: 1_000_000))
    harness.target.addFault(.readError(at: 1_000_000))
    let failure = #expect(throws: SlotFailure.self) { try harness.apply() }
    #expect(failure?.code == .readFailed)
    #expect(harness.isDisarmed)
  }

  @Test func aFullDataPartitionRefusesBeforeAnythingIsGivenUp() throws {
    let harness = try InstallHarness()
    harness.ledger.refuseWrites(LedgerFailure(.noSpace, "full"))
    let failure = #expect(throws: LedgerFailure.self) { try harness.apply() }
    #expect(failure?.code == .noSpace)
    #expect(harness.boot.history.count == 1)
    #expect(harness.target.log.isEmpty)
  }

  @Test func aBootEnvironmentThatCannotBeWrittenKeepsTheTarget() throws {
    let harness = try InstallHarness()
    harness.boot.refuseWrites(BootControlFailure(.ioFailed, "read-only"))
    #expect(throws: BootControlFailure.self) { try harness.apply() }
    #expect(harness.target.log.isEmpty)
  }

  @Test func aDamagedFrameIsNeverWritten() throws {
    let harness = try InstallHarness()
    var bytes = harness.bundle.encoded
    bytes[bytes.count - 100] ^= 1
    let failure = #expect(throws: BundleFailure.self) { try harness.apply(bytes) }
    #expect(failure?.code == .damagedFrame)
    #expect(harness.isDisarmed)
  }

  @Test func theSameCommandCarriesOn() throws {
    let harness = try InstallHarness()
    var bytes = harness.bundle.encoded
    bytes[bytes.count - 100] ^= 1
    #expect(throws: BundleFailure.self) { try harness.apply(bytes) }
    harness.events = []
    #expect(try harness.apply() == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    let planned = try #require(harness.events.first { $0.hasPrefix("planned") })
    let bytesLeft = try #require(planned.split(separator: " ").last.flatMap { Int($0) })
    #expect(bytesLeft < harness.bundle.image.count)
  }

  @Test func aStagedBundleIsNotStagedAgain() throws {
    let harness = try InstallHarness()
    try harness.apply()
    let writes = harness.target.log.count
    let states = harness.boot.history.count
    #expect(try harness.apply() == .alreadyStaged(version: "2.0"))
    #expect(harness.boot.history.count == states)
    let later = harness.target.log[writes...]
    #expect(later.allSatisfy { if case .read = $0 { true } else { false } })
  }

  @Test func aRottenStagedSlotIsHealed() throws {
    let harness = try InstallHarness()
    try harness.apply()
    let rot = [UInt8](repeating: 0xEE, count: 4096)
    try rot.withUnsafeBytes { try harness.target.write($0, at: 1 << 20) }
    harness.events = []
    #expect(try harness.apply() == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    #expect(harness.events.contains("planned \(SampleBundle.frameSize)"))
  }

  @Test func cancellationLeavesTheOldSystem() throws {
    let harness = try InstallHarness()
    harness.cancellation.cancel(signal: 2)
    let failure = #expect(throws: CancellationFailure.self) { try harness.apply() }
    #expect(failure?.code == .interrupted)
    #expect(harness.boot.current.first == .a)
    #expect(harness.boot.current.trial == nil)
  }

  /// Nothing falls back where the bootloader does not save its tries.
  @Test func aBootloaderThatSavesNothingIsRefused() throws {
    let control = BootControl(
      first: .a, a: SlotBootState(bootable: true, triesMade: 0),
      b: SlotBootState(bootable: true, triesMade: 0))
    let harness = try InstallHarness(control: control)
    let failure = #expect(throws: PolicyFailure.self) { try harness.apply() }
    #expect(failure?.code == .bootloaderDoesNotSave)
    #expect(harness.target.log.isEmpty)
  }

  /// Disarm gives the booted slot its tries back; the evidence of this boot must outlive that.
  @Test func theEvidenceOfASavedTryOutlivesDisarm() throws {
    let harness = try InstallHarness()
    try harness.apply()
    #expect(harness.boot.current.a.triesMade == 0)
    let newer = SampleBundle(
      version: "3.0", sequence: 30, frames: 8, seed: 2, key: harness.bundle.key)
    #expect(try harness.apply(newer.encoded) == .staged(version: "3.0"))
  }

  @Test func trailingDataIsRefusedBeforeTheSwitch() throws {
    let harness = try InstallHarness()
    let failure = #expect(throws: BundleFailure.self) {
      try harness.apply(harness.bundle.encoded + [0])
    }
    #expect(failure?.code == .trailingData)
    #expect(harness.target.log.isEmpty)
  }
}
