import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// What a pass over the booted slot does, and what it does where the disk cannot be read.
@Suite struct BlockScanTests {
  private static let span = FrameSpans.writtenBytes
  private static let block = BundleLimits.blockBytes
  private static let blocks = span / block

  private static func content(spans: Int) -> [UInt8] {
    var generator = SeededRandom(seed: 5)
    return (0..<spans * span / 8).flatMap { _ in
      withUnsafeBytes(of: generator.next()) { Array($0) }
    }
  }

  /// An image in frames of 64 KiB.
  func described(_ image: [UInt8]) throws -> (Artefact, FrameTable) {
    let frame = 1 << 16
    let records = stride(from: 0, to: image.count, by: frame).map {
      FrameEncoder(level: 1).encode(Array(image[$0..<$0 + frame])).record
    }
    let artefact = Artefact(
      name: "root", kind: .slotImage, length: UInt64(image.count),
      imageDigest: Digest(of: records.flatMap(\.plainDigest.bytes)), frameSize: frame,
      payloadLength: UInt64(records.reduce(0) { $0 + $1.storedLength }))
    let frames = try FrameTable(
      verifying: records.flatMap(\.encoded),
      description: description(TableDescription.frames, records.flatMap(\.encoded)),
      artefact: artefact)
    return (artefact, frames)
  }

  private func blocks(
    of image: [UInt8], _ frames: FrameTable, changing: (inout [UInt8]) -> Void = { _ in }
  ) throws -> BlockTable {
    var table = stride(from: 0, to: image.count, by: 1 << 16).flatMap { start in
      let frame = image[start..<start + (1 << 16)]
      let (record, stored) = FrameEncoder(level: 1).encode(Array(frame))
      return BlockTable.encoded(frame: frame, stored: stored, codec: record.codec)
    }
    changing(&table)
    return try BlockTable(
      verifying: table, description: description(TableDescription.blocks, table), frames: frames)
  }

  /// A search for the blocks of `image`.
  private func scan(_ device: MemoryDevice, for image: [UInt8]) throws -> (BlockScan, Int) {
    let table = try blocks(of: image, try described(image).1)
    let search = BlockSearch(table)
    return (
      BlockScan(device: device, search: search, cancellation: Cancellation()), table.blockCount
    )
  }

  private func description(_ kind: String, _ bytes: [UInt8]) -> TableDescription {
    TableDescription(
      kind: kind, artefact: "root", length: UInt64(bytes.count), digest: Digest(of: bytes))
  }

  private func all(_ device: MemoryDevice, for image: [UInt8]) throws -> BlockScan.Outcome {
    let (scan, count) = try scan(device, for: image)
    return try scan.all(of: count, length: device.byteCount) { _ in }
  }

  /// Across the edges of what one read gets, too.
  @Test func whatStandsAtAnotherByteIsFound() throws {
    let image = BlockScanTests.content(spans: 3)
    let moved = 1000
    let device = MemoryDevice(
      name: "booted",
      bytes: [UInt8](repeating: 1, count: moved) + image
        + [UInt8](repeating: 1, count: BlockScanTests.block - moved))
    let outcome = try all(device, for: image)
    let expected = (0..<3 * BlockScanTests.blocks).map {
      Optional(UInt64(moved + $0 * BlockScanTests.block))
    }
    #expect(expected.indices.map { outcome.places[$0] } == expected)
    #expect(outcome.unreadable == 0)
  }

  /// With O_DIRECT a disk gives nothing else.
  @Test func bytesFromBetweenBlocksAreReadInWholeBlocks() throws {
    let image = BlockScanTests.content(spans: 1)
    let moved = 1000
    let device = MemoryDevice(
      name: "booted",
      bytes: [UInt8](repeating: 1, count: moved) + image
        + [UInt8](repeating: 1, count: BlockScanTests.block - moved))
    let (artefact, frames) = try described(image)
    let table = try blocks(of: image, frames)
    let search = BlockSearch(table)
    let scan = BlockScan(device: device, search: search, cancellation: Cancellation())
    let places = try scan.all(of: table.blockCount, length: device.byteCount) { _ in }.places
    let source = RebuildSource(
      recipes: BlockMap(table, search, frames, found: places), base: device, payloadOffset: 0,
      isForBase: false)
    let assembly = FrameAssembly(frames, source, FrameSpans(artefact), readsAlone: false)
    let wanted = Array(0..<frames.count)
    let had = assembly.assemble(
      wanted, of: 0..<frames.count, fetched: AlignedBuffer(byteCount: 4096))
    #expect(had == wanted)
    #expect(Array(assembly.plain.bytes) == image)
    for case .read(let range) in device.log {
      #expect(range.lowerBound % 4096 == 0 && range.upperBound % 4096 == 0, "\(range)")
    }
  }

  /// What is put together of `image` from `base` and what the bundle has of the rest.
  private func assembled(
    _ image: [UInt8], base: [UInt8], changing: (inout [UInt8]) -> Void = { _ in },
    changingTable: (inout [UInt8]) -> Void = { _ in }
  ) throws -> (had: [Int], bytes: [UInt8]) {
    let (artefact, frames) = try described(image)
    let table = try blocks(of: image, frames, changing: changingTable)
    let search = BlockSearch(table)
    var places = BlockPlaces(count: table.blockCount)
    let findings = base.withUnsafeBytes { search.find(in: $0, starts: base.count) }
    places.add(findings.matches, from: 0)
    let source = RebuildSource(
      recipes: BlockMap(table, search, frames, found: places),
      base: MemoryDevice(name: "booted", bytes: base), payloadOffset: 100, isForBase: false)
    let payload = stride(from: 0, to: image.count, by: 1 << 16).flatMap {
      FrameEncoder(level: 1).encode(Array(image[$0..<$0 + (1 << 16)])).stored
    }
    var fetched = (0..<frames.count).flatMap(source.ranges).flatMap { range in
      payload[Int(range.lowerBound) - 100..<Int(range.upperBound) - 100]
    }
    #expect(!fetched.isEmpty && fetched.count < payload.count / 8)
    changing(&fetched)
    let buffer = AlignedBuffer(byteCount: BlockScanTests.span)
    buffer.prefix(fetched.count).copyBytes(from: fetched)
    let assembly = FrameAssembly(frames, source, FrameSpans(artefact), readsAlone: false)
    let had = assembly.assemble(
      Array(0..<frames.count), of: 0..<frames.count, fetched: buffer)
    return (had, Array(assembly.plain.bytes.prefix(image.count)))
  }

  private static let chunk = 1 << 15

  /// Eight frames of two chunks. The second is nearly the first: it stands nowhere else, and is of no use without it.
  private static let pairs: [UInt8] = {
    let noise = content(spans: 1)
    return stride(from: 0, to: 8 * chunk, by: chunk).flatMap { start in
      let first = noise[start..<start + chunk]
      return first + first.enumerated().map { $0 % 128 == 0 ? ~$1 : $1 }
    }
  }()

  /// The first chunks of all frames.
  private static let firsts = stride(from: 0, to: pairs.count, by: 2 * chunk).flatMap {
    pairs[$0..<$0 + chunk]
  }

  @Test func whatIsMissingOfACompressedFrameIsDecodedBehindWhatIsThere() throws {
    let (had, bytes) = try assembled(BlockScanTests.pairs, base: BlockScanTests.firsts)
    #expect(had == Array(0..<8) && bytes == BlockScanTests.pairs)
  }

  @Test func aDamagedChunkIsNotUsed() throws {
    let (had, _) = try assembled(BlockScanTests.pairs, base: BlockScanTests.firsts) {
      $0[0] ^= 1
      $0[$0.count - 1] ^= 1
    }
    #expect(had == Array(1..<7))
  }

  /// Whatever it would decode to.
  @Test func aChunkWithoutItsDigestIsNotUsed() throws {
    let (had, _) = try assembled(
      BlockScanTests.pairs, base: BlockScanTests.firsts,
      changingTable: { $0[$0.count - 1] ^= 1 })
    #expect(had == Array(0..<7))
  }

  @Test func whatCannotBeReadIsUnknown() throws {
    let image = BlockScanTests.content(spans: 4)
    let device = MemoryDevice(name: "booted", bytes: image)
    // Once for the piece before, whose last block might end there, once for the piece itself.
    for _ in 0..<2 { device.addFault(.readError(at: UInt64(BlockScanTests.span) * 2 + 5)) }
    let (scan, count) = try scan(device, for: image)
    let outcome = try scan.all(of: count, length: device.byteCount) { _ in }
    #expect((2...3).contains(outcome.unreadable))
    let isKnown = (0..<count).map { outcome.places[$0] != nil }
    #expect(isKnown[0..<2 * BlockScanTests.blocks].allSatisfy { $0 })
    #expect(isKnown[(3 * BlockScanTests.blocks)...].allSatisfy { $0 })
  }

  /// Little is read for the question whether a whole pass would pay.
  @Test func samplesAreOfAFewPlaces() throws {
    let image = BlockScanTests.content(spans: 1)
    let zeros = [UInt8](repeating: 0, count: 128 * BlockScanTests.span)
    let device = MemoryDevice(name: "booted", bytes: zeros)
    let (scan, count) = try scan(device, for: image)
    let samples = try scan.samples(of: count, length: device.byteCount)
    let read = device.log.compactMap { operation in
      if case .read(let range) = operation { range } else { nil }
    }
    let step = 2 * UInt64(BlockScanTests.span)
    let places = (0..<64).map { UInt64($0) * step..<UInt64($0) * step + (20 << 10) }
    #expect(read.sorted { $0.lowerBound < $1.lowerBound } == places)
    #expect(samples.found == 0 && samples.searched == 0)
    let (whole, _) = try self.scan(MemoryDevice(name: "booted", bytes: image), for: image)
    #expect(try whole.samples(of: count, length: UInt64(image.count)).found == count)
  }

  @Test func zerosSayNothing() throws {
    let image = BlockScanTests.content(spans: 1)
    let device = MemoryDevice(
      name: "booted", bytes: [UInt8](repeating: 0, count: 2 * BlockScanTests.span) + image)
    let outcome = try all(device, for: image)
    #expect(outcome.found == BlockScanTests.blocks && outcome.searched == BlockScanTests.span)
  }

  /// Each read may take a dying disk half a minute. The threads that are at it when the last one fails each have one more.
  @Test func aDiskThatCannotBeReadIsGivenUp() throws {
    let image = BlockScanTests.content(spans: 1)
    let device = MemoryDevice(
      name: "booted", bytes: [UInt8](repeating: 0, count: 64 * BlockScanTests.span))
    for span in 0..<64 {
      for _ in 0..<2 { device.addFault(.readError(at: UInt64(span * BlockScanTests.span))) }
    }
    let outcome = try all(device, for: image)
    #expect((8..<16).contains(outcome.unreadable))
    #expect(outcome.found == 0)
  }
}
