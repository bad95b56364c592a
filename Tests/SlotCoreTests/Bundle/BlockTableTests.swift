import SlotCore
import Testing

@Suite struct BlockTableTests {
  private static let block = BundleLimits.blockBytes
  private let sample = SampleBundle()

  private func frames() throws -> FrameTable {
    try FrameTable(
      verifying: sample.table, description: sample.description, artefact: sample.artefact)
  }

  /// The hashes of the sample's first and third frame: the second is zero.
  private var bytes: [UInt8] {
    [0, 2].flatMap { index in
      sample.frames[index].withUnsafeBytes { BlockTable.encoded(frame: $0) }
    }
  }

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
    #expect(bytes.count == 17 * BlockHash.byteCount)
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
    #expect(sample.frames[0].withUnsafeBytes { table.describes($0, frame: 0) })
    var changed = sample.frames[0]
    changed[60_000] ^= 1
    #expect(!changed.withUnsafeBytes { table.describes($0, frame: 0) })
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
