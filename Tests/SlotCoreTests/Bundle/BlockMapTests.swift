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

  private static func bytes(_ seeds: [Int?]) -> [UInt8] {
    seeds.flatMap { $0.map(block) ?? [UInt8](repeating: 0, count: block) }
  }

  /// The map of an image of these blocks in a base of those; nil stands for a block of zeros.
  private func map(_ image: [Int?], base: [Int?]) throws -> BlockMap {
    try map(image, in: BlockMapTests.bytes(base))
  }

  private func map(_ image: [Int?], in base: [UInt8], pieces: Int = 1 << 20) throws -> BlockMap {
    try map(of: BlockMapTests.bytes(image), in: base, pieces: pieces)
  }

  /// `pieces` is where the base is cut for the search.
  private func map(
    of content: [UInt8], in base: [UInt8], pieces: Int = 1 << 20
  ) throws -> BlockMap {
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
    let hashes = zip(frames, records).filter { $0.1.codec != .zero }.flatMap { frame, record in
      BlockTable.encoded(
        frame: frame[...], stored: encoder.encode(frame).stored, codec: record.codec)
    }
    let blocks = try BlockTable(
      verifying: hashes, description: description(TableDescription.blocks, hashes),
      frames: frameTable)
    let search = BlockSearch(blocks)
    var places = BlockPlaces(count: blocks.blockCount)
    base.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: base.count, by: pieces) {
        let piece = UnsafeRawBufferPointer(
          rebasing: bytes[start..<min(base.count, start + pieces + BlockMapTests.block)])
        places.add(search.find(in: piece, starts: pieces).matches, from: UInt64(start))
      }
    }
    return BlockMap(blocks, search, frameTable, found: places)
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

  /// Of a frame that the bundle stores as it is, alone.
  @Test func aBlockThatIsNowhereIsFetched() throws {
    let map = try map(Array(0..<32), base: Array(0..<20) + Array(21..<32))
    #expect(map[0] == segments((.base(0), 16)))
    #expect(map[1] == segments((.base(16 * 4096), 4), (.stored, 1), (.base(20 * 4096), 11)))
    #expect(map.payloadOffset(of: 1) == 1 << 16)
  }

  /// Of a frame that is compressed, the chunk: 8 blocks.
  @Test func theChunkOfABlockThatIsNowhereIsFetched() throws {
    let image = BlockMapTests.bytes(Array(0..<32)).map { $0 & 15 }
    let chunks = try chunks(of: Array(image[(16 * 4096)...]))
    let changed = 20 * 4096
    let map = try map(of: image, in: Array(image[..<changed] + image[(changed + 4096)...]))
    #expect(map[0] == segments((.base(0), 16)))
    #expect(map[1] == segments((.chunk(chunks[0]), 8), (.base(23 * 4096), 8)))
    #expect(map[1]?.fetchedLength == chunks[0].length)
    let rest = try self.map(of: image, in: Array(image[..<(24 * 4096)]))
    #expect(rest[1] == segments((.base(16 * 4096), 8), (.chunk(chunks[1]), 8)))
  }

  private func chunks(of frame: [UInt8]) throws -> [StoredChunk] {
    let (record, stored) = FrameEncoder(level: 1).encode(frame)
    #expect(record.codec == .zstd)
    return try #require(stored.withUnsafeBytes { StoredChunk.all(in: $0) })
  }

  /// The digest of the whole frame says more than those of its chunks.
  @Test func aFrameOfWhichEveryChunkIsFetchedIsFetchedWhole() throws {
    let image = BlockMapTests.bytes(Array(0..<16)).map { $0 & 15 }
    let known = Array(image[..<4096] + image[(9 * 4096)...])
    let base = Array(known.dropLast(4096))
    #expect(try map(of: image, in: base)[0] == nil)
    #expect(try map(of: image, in: known)[0] == nil)
    #expect(try map(of: image, in: Array(image[(8 * 4096)...]))[0] != nil)
  }

  /// Zeros alone are no reason to ask for the rest block by block.
  @Test func aFrameOfWhichNothingIsFoundIsFetched() throws {
    let map = try map(Array(0..<8) + [Int?](repeating: nil, count: 8), base: [50, 51])
    #expect(map[0] == nil)
  }

  @Test func aFrameOfZerosNeedsNoRecipe() throws {
    let map = try map([Int?](repeating: nil, count: 16) + Array(0..<4), base: Array(0..<4))
    #expect(map[0] == nil)
    #expect(map[1] == segments((.base(0), 4)))
  }

  /// Of blocks that are alike, the one that goes on from the last is taken: fewer and longer reads.
  @Test func whatFollowsInTheBaseIsPreferred() throws {
    let map = try map([7, 8, 7, 9], base: [7, 1, 2, 7, 8, 7, 9])
    #expect(map[0] == segments((.base(0), 1), (.base(4 * 4096), 3)))
  }

  /// Both places of a block in the image are served by the one in the base.
  @Test func whatIsInTheImageTwiceNeedStandInTheBaseOnce() throws {
    let map = try map([5, 6, 5], base: [1, 6, 2, 5])
    #expect(
      map[0] == segments((.base(3 * 4096), 1), (.base(4096), 1), (.base(3 * 4096), 1)))
  }

  /// As in a compressed file system, where what follows a change stands at any byte.
  @Test(arguments: [1, 777, 4095])
  func blocksAreFoundAtAnyByte(_ moved: Int) throws {
    let base = [UInt8](repeating: 0xAB, count: moved) + BlockMapTests.bytes(Array(0..<20))
    for pieces in [1 << 20, 8192, 4096 * 3 + 5] {
      let map = try map(Array(0..<20), in: base, pieces: pieces)
      #expect(map[0] == segments((.base(UInt64(moved)), 16)), "\(pieces)")
      #expect(map[1] == segments((.base(UInt64(moved + 16 * 4096)), 4)), "\(pieces)")
    }
  }

  /// Of the base's last block every byte is looked at, and none behind it.
  @Test func aBlockAtTheEndIsFound() throws {
    let base = BlockMapTests.block(3) + [1, 2, 3] + BlockMapTests.block(4)
    let map = try map([4, 3], in: base)
    #expect(map[0] == segments((.base(4099), 1), (.base(0), 1)))
    #expect(
      try self.map([4, 3], in: base.dropLast())[0] == segments((.stored, 1), (.base(0), 1)))
  }

  @Test func anEmptyBaseHasNothing() throws {
    #expect(try map([1, 2], in: [])[0] == nil)
    #expect(try map([1, 2], in: [UInt8](repeating: 0, count: 9000))[0] == nil)
  }

  @Test func theOnlyPlaceIsFoundAmongMany() throws {
    let order = (0..<500).map { $0 * 37 % 500 }
    let map = try map(order, base: Array(0..<500))
    for frame in 0..<31 {
      let wanted = order[frame * 16..<frame * 16 + 16].map { UInt64($0) * 4096 }
      #expect(map[frame]?.segments.map(\.source) == wanted.map { .base($0) })
    }
  }
}
