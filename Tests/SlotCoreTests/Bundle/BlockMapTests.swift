import SlotCore
import Testing

/// Where blocks are looked for, and what is made of it.
@Suite struct BlockMapTests {
  private static let block = BundleLimits.blockBytes
  private static let frameSize = 1 << 16

  private static func block(_ seed: Int) -> [UInt8] {
    var generator = SeededGenerator(seed: UInt64(seed))
    return (0..<block).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  }

  private static func index(_ blocks: [[UInt8]]) -> BlockIndex {
    BlockIndex(blocks.map { $0.withUnsafeBytes { BlockHash(of: $0) } })
  }

  /// The map of an image of these blocks in a base of those; nil stands for a block of zeros.
  private func map(_ image: [Int?], base: [Int?]) throws -> BlockMap {
    let zeros = [UInt8](repeating: 0, count: BlockMapTests.block)
    func bytes(_ seeds: [Int?]) -> [[UInt8]] { seeds.map { $0.map(BlockMapTests.block) ?? zeros } }
    let content = bytes(image).flatMap { $0 }
    let encoder = FrameEncoder(level: 1)
    let frames = stride(from: 0, to: content.count, by: BlockMapTests.frameSize).map {
      Array(content[$0..<min(content.count, $0 + BlockMapTests.frameSize)])
    }
    let records = frames.map { encoder.encode($0).record }
    let artefact = Artefact(
      name: "root", kind: .slotImage, length: UInt64(content.count),
      imageDigest: Digest(of: records.flatMap(\.plainDigest.bytes)),
      frameSize: BlockMapTests.frameSize,
      payloadLength: UInt64(records.reduce(0) { $0 + $1.storedLength }))
    let table = records.flatMap(\.encoded)
    let frameTable = try FrameTable(
      verifying: table, description: description(TableDescription.frames, table),
      artefact: artefact)
    let hashes = zip(frames, records).filter { $0.1.codec != .zero }.flatMap { frame, _ in
      frame.withUnsafeBytes { BlockTable.encoded(frame: $0) }
    }
    let blocks = try BlockTable(
      verifying: hashes, description: description(TableDescription.blocks, hashes),
      frames: frameTable)
    return BlockMap(blocks, artefact, frameTable, base: BlockMapTests.index(bytes(base)))
  }

  private func description(_ kind: String, _ bytes: [UInt8]) -> TableDescription {
    TableDescription(
      kind: kind, artefact: "root", length: UInt64(bytes.count), digest: Digest(of: bytes))
  }

  private func segments(_ parts: (FrameRecipe.Source, Int)...) -> FrameRecipe {
    FrameRecipe(
      segments: parts.map { FrameRecipe.Segment($0.0, length: $0.1 * BlockMapTests.block) },
      patch: nil)
  }

  @Test func aFrameIsPutTogetherFromWhereItsBlocksStand() throws {
    let image: [Int?] = Array(0..<4) + [nil, nil] + Array(10..<20)
    let map = try map(image, base: [50] + Array(10..<20) + Array(0..<4))
    #expect(map[0] == segments((.base(11 * 4096), 4), (.zero, 2), (.base(4096), 10)))
  }

  @Test func aFrameWithABlockThatIsNowhereIsFetched() throws {
    let map = try map(Array(0..<32), base: Array(0..<20) + Array(21..<32))
    #expect(map[0] == segments((.base(0), 16)))
    #expect(map[1] == nil)
  }

  @Test func aFrameOfZerosNeedsNoRecipe() throws {
    let map = try map([Int?](repeating: nil, count: 16) + Array(0..<4), base: Array(0..<4))
    #expect(map[0] == nil)
    #expect(map[1] == segments((.base(0), 4)))
  }

  /// Of blocks that are alike, the one that goes on from the last is taken: fewer and longer reads.
  @Test func whatFollowsInTheBaseIsPreferred() throws {
    let map = try map([7, 8, 7, 9], base: [7, 1, 2, 7, 8, 7, 9])
    // The first is where the image has it itself.
    #expect(map[0] == segments((.base(0), 1), (.base(4 * 4096), 3)))
  }

  @Test func theOnlyPlaceIsFoundAmongMany() {
    let blocks = (0..<500).map { BlockMapTests.block($0) }
    let index = BlockMapTests.index(blocks)
    for number in stride(from: 0, to: 500, by: 7) {
      let hash = blocks[number].withUnsafeBytes { BlockHash(of: $0) }
      #expect(index.find(hash, expected: 600, or: 3) == UInt32(number))
    }
    let other = BlockMapTests.block(1000).withUnsafeBytes { BlockHash(of: $0) }
    #expect(index.find(other, expected: 0, or: 0) == nil)
  }

  @Test func anEmptyBaseHasNothing() {
    #expect(BlockIndex([]).find(BlockHash(7), expected: 0, or: 0) == nil)
    #expect(BlockIndex([.ofZeros]).find(BlockHash(7), expected: 0, or: 0) == nil)
  }
}
