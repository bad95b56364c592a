import SlotCore
import Testing

@Suite struct BlockTableTests {
  private static let block = BundleLimits.blockBytes
  private let sample = SampleBundle()

  private func frames() throws -> FrameTable {
    try FrameTable(
      verifying: sample.table, description: sample.description, artefact: sample.artefact)
  }

  private func stored(_ index: Int) -> [UInt8] {
    FrameEncoder(level: 3).encode(sample.frames[index]).stored
  }

  /// What there is of the sample's first and third frame: the second is zero.
  private var bytes: [UInt8] {
    [0, 2].flatMap { index in
      BlockTable.encoded(
        frame: sample.frames[index][...], stored: stored(index), codec: sample.records[index].codec)
    }
  }

  /// Bytes of the hashes of the first frame.
  private static let hashes = 16 * BlockHash.byteCount

  private func read(
    _ bytes: [UInt8], digest: Digest? = nil, payloadLength: UInt64 = 0
  ) throws -> BlockTable {
    let description = TableDescription(
      kind: TableDescription.blocks, artefact: "root", length: UInt64(self.bytes.count),
      digest: digest ?? Digest(of: bytes), payloadLength: payloadLength)
    return try BlockTable(verifying: bytes, description: description, frames: try frames())
  }

  /// Computed from docs/formats/bundle.md by another program.
  @Test func knownHashes() {
    let counting = (0..<BlockTableTests.block).map { UInt8($0 & 255) }
    let hash = counting.withUnsafeBytes { BlockHash(of: $0) }
    #expect(hash.value == 0xc3_30dc_2c30)
    #expect(hash.encoded == [0x30, 0x2c, 0xdc, 0x30, 0xc3])
    let zeros = [UInt8](repeating: 0, count: BlockTableTests.block)
    #expect(zeros.withUnsafeBytes { BlockHash(of: $0) } == .ofZeros)
  }

  @Test func everyBlockOfAFrameHasItsHash() throws {
    let table = try read(bytes)
    #expect(bytes.count == 17 * BlockHash.byteCount + 2 * 19)
    for (frame, blocks) in [(0, 16), (2, 1)] {
      for block in 0..<blocks {
        let start = block * BlockTableTests.block
        let content = Array(sample.frames[frame][start..<start + BlockTableTests.block])
        #expect(table[frame, block] == content.withUnsafeBytes { BlockHash(of: $0) })
      }
    }
    #expect(table[1, 0] == nil && table[1, 15] == nil)
  }

  @Test func hashesOfAnotherImageShow() throws {
    let table = try read(bytes)
    #expect(describes(table, sample.frames[0], stored(0), frame: 0))
    #expect(describes(table, sample.frames[2], stored(2), frame: 2))
    var changed = sample.frames[0]
    changed[60_000] ^= 1
    #expect(!describes(table, changed, stored(0), frame: 0))
    #expect(!describes(table, sample.frames[0], stored(0).reversed(), frame: 0))
    let others = FrameEncoder(level: 3).encode(changed).stored
    #expect(!describes(table, sample.frames[0], others, frame: 0))
  }

  private func describes(
    _ table: BlockTable, _ frame: [UInt8], _ stored: [UInt8], frame index: Int
  ) -> Bool {
    frame.withUnsafeBytes { frame in
      stored.withUnsafeBytes { table.describes(frame, stored: $0, frame: index) }
    }
  }

  @Test func chunksAreWhatIsStoredOfACompressedFrame() throws {
    let table = try read(bytes)
    let chunks = stored(0).withUnsafeBytes { StoredChunk.all(in: $0) }
    #expect(chunks?.count == 2)
    #expect(table.chunks(of: 0) == chunks)
    #expect(table.chunks(of: 1).isEmpty && table.chunks(of: 2).isEmpty)
  }

  /// Else bytes of another frame would be fetched.
  @Test(arguments: [[1, 0], [-1, 0], [0, 1], [1, 1]])
  func chunksThatAreNotTheFrameAreRefused(_ more: [Int]) throws {
    var wrong = bytes
    for (index, more) in more.enumerated() {
      let place = BlockTableTests.hashes + index * 19
      wrong[place] = UInt8(truncatingIfNeeded: Int(wrong[place]) + more)
    }
    try expectMalformed(wrong)
  }

  @Test func aChunkOfNothingIsRefused() throws {
    var wrong = bytes
    let (first, second) = (BlockTableTests.hashes, BlockTableTests.hashes + 19)
    let all = stored(0).count
    (wrong[first], wrong[first + 1]) = (0, 0)
    (wrong[second], wrong[second + 1]) = (UInt8(all & 255), UInt8(all >> 8))
    try expectMalformed(wrong)
  }

  private func expectMalformed(_ table: [UInt8]) throws {
    let outcome: BundleCode? = code { _ = try read(table) }
    #expect(outcome == .malformedTable)
  }

  @Test func everyDamagedByteShows() {
    for bytes in damagedCopies(bytes) {
      let outcome: BundleCode? = code { _ = try read(bytes, digest: Digest(of: self.bytes)) }
      #expect(outcome == .damagedTable)
    }
  }

  @Test func onlyTheBlocksOfTheImageAreTaken() throws {
    for wrong in [Array(bytes.dropLast(5)), bytes + [0, 0, 0, 0, 0], []] {
      let description = TableDescription(
        kind: TableDescription.blocks, artefact: "root", length: UInt64(wrong.count),
        digest: Digest(of: wrong))
      let frames = try frames()
      let outcome: BundleCode? = code {
        _ = try BlockTable(verifying: wrong, description: description, frames: frames)
      }
      #expect(outcome == .malformedTable, "\(wrong.count)")
    }
    let outcome: BundleCode? = code { _ = try read(bytes, payloadLength: 1) }
    #expect(outcome == .malformedTable)
  }
}
