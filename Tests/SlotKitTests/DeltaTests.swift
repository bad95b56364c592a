import Foundation
import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// An older release, a newer one made with it as base, and the bytes of both bundles.
private struct Pair {
  static let frameSize = 64 << 10
  static let block = BundleLimits.blockBytes

  let key = SecretKey.generate()
  var old: [UInt8]
  var new: [UInt8]

  /// 24 frames; the new image has blocks that moved, some that changed a little, zeros, and some that are new.
  init(frames: Int = 24, seed: UInt64 = 4) {
    var random = SeededRandom(seed: seed)
    func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(random.next() & 255) } }
    old = bytes(frames * Pair.frameSize)
    let inserted = bytes(3 * Pair.block)
    new = Array(old[..<300_032]) + [UInt8](repeating: 0, count: 1024)
    new = Array(new[..<(73 * Pair.block)]) + inserted
    new += old[(73 * Pair.block)...].prefix((frames - 14) * Pair.frameSize)
    new += [UInt8](repeating: 0, count: 20 * Pair.block)
    new += old.suffix(8 * Pair.frameSize)
    for index in stride(from: 40 * Pair.block, to: 60 * Pair.block, by: 1000) { new[index] ^= 1 }
    new += [UInt8](repeating: 0, count: Pair.block - new.count % Pair.block)
  }

  /// The new release's bundle, which devices with the old one can take as a delta.
  func bundle(isDelta: Bool = true, in folder: URL) throws -> [UInt8] {
    let oldPath = folder.appending(path: "old.krux").path
    try write(old, "1.0", 10, bases: [], to: oldPath)
    let newPath = folder.appending(path: "new.krux").path
    try write(new, "2.0", 20, bases: isDelta ? [oldPath] : [], to: newPath)
    return Array(try Data(contentsOf: URL(filePath: newPath)))
  }

  private func write(
    _ image: [UInt8], _ version: String, _ sequence: Int64, bases: [String], to path: String
  ) throws {
    let source = path + ".img"
    try Data(image).write(to: URL(filePath: source))
    let request = BundleRequest(
      image: source, output: path, product: "kruxos", version: version, sequence: sequence,
      compatible: ["test-box"], created: Timestamp(seconds: 1_700_000_000), bases: bases,
      frameSize: Pair.frameSize, level: 1)
    _ = try BundleWriter.write(request, key: key)
  }

  /// A device that runs the old release, as `content` stands in the booted slot.
  func device(_ content: [UInt8]? = nil, target: [UInt8]? = nil) throws -> InstallHarness {
    var ledger = Ledger()
    let frames = stride(from: 0, to: old.count, by: Pair.frameSize).flatMap {
      Digest(of: Array(old[$0..<min(old.count, $0 + Pair.frameSize)])).bytes
    }
    ledger.provision(
      .a,
      ImageIdentity(
        version: "1.0", sequence: 10, imageDigest: Digest(of: frames),
        imageLength: UInt64(old.count), frameSize: Pair.frameSize),
      LedgerContext(now: Timestamp(seconds: 1_700_000_000), bootID: "boot-0"))
    var sample = SampleBundle(frames: 1, key: key)
    sample.image = new
    return try InstallHarness(
      sample,
      target: MemoryDevice(
        name: "target", bytes: target ?? [UInt8](repeating: 0x5A, count: new.count + 4096)),
      booted: MemoryDevice(name: "booted", bytes: content ?? old), ledger: ledger)
  }
}

@Suite struct DeltaTests {
  private let pair = Pair()

  @Test func aDeltaTakesAFractionOfTheBytes() throws {
    let harness = try pair.device()
    let bundle = try pair.bundle(in: harness.folder)
    #expect(try harness.apply(bundle) == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    let fetched = try #require(harness.written).fetched
    #expect(fetched < 40_000 && bundle.count > 1_000_000, "\(fetched) bytes of \(bundle.count)")
    #expect(harness.warnings.isEmpty)
    #expect(harness.booted.log.allSatisfy { if case .read = $0 { true } else { false } })
  }

  /// Nobody else shall find more than one read before his own in the disk's queue.
  @Test(arguments: [false, true]) func aloneTheBaseIsReadPlaceByPlace(isAlone: Bool) throws {
    let harness = try pair.device()
    if isAlone { harness.cancellation.workAlone() }
    #expect(try harness.apply(try pair.bundle(in: harness.folder)) == .staged(version: "2.0"))
    #expect(harness.imageInTarget && harness.warnings.isEmpty)
    #expect((harness.booted.mostReadsAtOnce > 1) == !isAlone)
  }

  @Test func onlyWhatDiffersIsWritten() throws {
    var target = pair.new
    for block in [20, 21, 90] { target[block * 4096 + 7] ^= 0xFF }
    let harness = try pair.device(target: target)
    try harness.apply(try pair.bundle(in: harness.folder))
    #expect(harness.imageInTarget)
    #expect(try #require(harness.written).bytes == 3 * 4096)
    let writes = harness.target.log.compactMap { operation -> Range<UInt64>? in
      if case .write(let range) = operation { range } else { nil }
    }
    let blocks: [Range<UInt64>] = [81_920..<90_112, 368_640..<372_736]
    #expect(Set(writes) == Set(blocks + [InstallTests.head]))
  }

  /// Reading what has nothing in common takes as long as writing it.
  @Test func aTargetThatIsUnrelatedIsNotComparedThroughout() throws {
    let pair = Pair(frames: 400)
    let harness = try pair.device()
    try harness.apply(try pair.bundle(in: harness.folder))
    #expect(harness.imageInTarget)
    let log = harness.target.log
    let flushes = log.indices.filter { log[$0] == .flush }
    let reads = log[flushes[0]..<flushes[1]].count { if case .read = $0 { true } else { false } }
    #expect(reads >= 32 && reads < 42, "\(reads)")
  }

  /// Most of the target's frames differ, so it is not asked for each before; and the booted slot has none of them.
  @Test func whatOnlyTheTargetHasIsNotFetched() throws {
    let pair = Pair(frames: 200)
    var target = pair.new
    for start in stride(from: 0, to: target.count, by: Pair.frameSize)
    where !(start / Pair.frameSize).isMultiple(of: 4) { target[start + 100] ^= 1 }
    let harness = try pair.device(
      [UInt8](repeating: 0x33, count: pair.old.count), target: target)
    let bundle = try pair.bundle(in: harness.folder)
    #expect(try harness.apply(bundle) == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    let fetched = Int(try #require(harness.written).fetched)
    #expect((bundle.count * 7 / 10..<bundle.count * 8 / 10).contains(fetched), "\(fetched)")
  }

  /// The ledger only proposes: a booted slot that holds something else costs bytes, not the update.
  @Test func aBootedSlotThatChangedIsNotBelieved() throws {
    var content = pair.old
    content[11 * Pair.frameSize + 5] ^= 1
    let harness = try pair.device(content)
    #expect(try harness.apply(try pair.bundle(in: harness.folder)) == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    #expect(harness.warnings.count == 1)
    let fetched = try #require(harness.written).fetched
    #expect(fetched > UInt64(Pair.frameSize) && fetched < 300_000)
  }

  @Test func aBootedSlotThatCannotBeReadIsNotNeeded() throws {
    // An image of its own: memory that another test has freed may still hold what cannot be read here.
    let pair = Pair(seed: 5)
    let harness = try pair.device()
    // However often it is tried, with what stands around it and alone, by whichever thread.
    for place in [100_000, 1_000_000] {
      for _ in 0..<8 { harness.booted.addFault(.readError(at: UInt64(place))) }
    }
    try harness.apply(try pair.bundle(in: harness.folder))
    #expect(harness.imageInTarget)
    #expect(harness.warnings.count == 1)
    // The frames, and not all that stand beside them in the base.
    let fetched = try #require(harness.written).fetched
    #expect(fetched < 150_000, "\(fetched)")
  }

  @Test func aBaseThatIsShorterThanItWasIsNotUsed() throws {
    let harness = try pair.device(Array(pair.old.dropLast(4096)))
    try harness.apply(try pair.bundle(in: harness.folder))
    #expect(harness.imageInTarget)
    #expect(try #require(harness.written).fetched > 1_000_000)
  }

  @Test func anotherReleaseThanTheBaseFetchesAll() throws {
    let harness = try InstallHarness(
      SampleBundle(frames: 1, key: pair.key),
      target: MemoryDevice(name: "target", bytes: [UInt8](repeating: 1, count: pair.new.count)))
    let bundle = try pair.bundle(in: harness.folder)
    try harness.apply(bundle)
    #expect(Array(harness.target.bytes) == pair.new)
    #expect(try #require(harness.written).fetched > 1_000_000)
  }

  /// What nobody signed never reaches the decoder; the frame is in the bundle as a whole too.
  @Test func aDamagedPatchCostsBytesOnly() throws {
    let harness = try pair.device()
    let whole = try pair.bundle(isDelta: false, in: harness.folder)
    var bundle = try pair.bundle(in: harness.folder)
    // The patches stand in front of the frames, which the bundle without a delta has too.
    let frames = whole.count - (try BundleInspection(path(whole, harness))).headLength
    bundle[bundle.count - frames - 10] ^= 1
    try harness.apply(bundle)
    #expect(harness.imageInTarget)
    #expect(harness.warnings.count == 1)
  }

  /// These patches would give the right bytes, and nobody has signed them.
  @Test func aPatchWithoutItsDigestIsNotDecoded() throws {
    let old = SampleBundle(version: "1.0", sequence: 10, frames: 8)
    var image = old.image
    for place in stride(from: 70_000, to: image.count, by: 130_000) { image[place] ^= 0x11 }
    var new = SampleBundle(image: image, version: "2.0", sequence: 20, key: old.key)
    new.addDelta(from: old, areUnsigned: true)
    let artefact = old.manifest.artefacts[0]
    var ledger = Ledger()
    ledger.provision(
      .a,
      ImageIdentity(
        version: "1.0", sequence: 10, imageDigest: artefact.imageDigest,
        imageLength: artefact.length, frameSize: artefact.frameSize),
      LedgerContext(now: Timestamp(seconds: 1_700_000_000), bootID: "boot-0"))
    let harness = try InstallHarness(
      new, booted: MemoryDevice(name: "booted", bytes: old.image), ledger: ledger)
    try harness.apply()
    #expect(harness.imageInTarget)
    #expect(harness.warnings.count == 1)
  }

  @Test func aDamagedTableCostsBytesOnly() throws {
    let harness = try pair.device()
    var bundle = try pair.bundle(in: harness.folder)
    let inspection = try BundleInspection(path(bundle, harness))
    bundle[inspection.headLength - inspection.blockTableLength - 10] ^= 1
    try harness.apply(bundle)
    #expect(harness.imageInTarget)
    #expect(harness.warnings.count == 1 && harness.warnings[0].contains("delta table"))
  }

  private func path(_ bundle: [UInt8], _ harness: InstallHarness) throws -> String {
    let path = harness.folder.appending(path: "whole.krux")
    try Data(bundle).write(to: path)
    return path.path
  }

  @Test func anInterruptedDeltaCarriesOn() throws {
    let harness = try pair.device()
    let bundle = try pair.bundle(in: harness.folder)
    harness.target.addFault(.writeError(at: 1_200_000))
    #expect(throws: SlotFailure.self) { try harness.apply(bundle) }
    #expect(harness.isDisarmed)
    try harness.apply(bundle)
    #expect(harness.imageInTarget)
    #expect(try #require(harness.written).bytes < UInt64(pair.new.count) / 2)
  }
}

extension BundleInspection {
  fileprivate var headLength: Int {
    Int(length - manifest.payloadLength)
  }

  fileprivate var blockTableLength: Int {
    Int(manifest.slotImage.flatMap { manifest.blockTable(of: $0) }?.description.length ?? 0)
  }
}
