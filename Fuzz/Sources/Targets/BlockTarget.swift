internal import SlotCore

/// The blocks of an image, and where they stand in another.
let blockTargets = [FuzzTarget(name: "block-map", maximumLength: 4096, body: fuzzBlockMap)]

/// The input is hashes of the image's blocks. Behind them: which of its frames are zero, how many blocks its last
/// frame has, and how many of the hashes, from behind, are those of the base.
@Sendable private func fuzzBlockMap(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let (zeros, last, shared) = (input.steer(), input.steer(), Int(input.steer16()))
  let frameBlocks = 0x10000 / BundleLimits.blockBytes
  let sample = try BlockSample(
    zeros: (0..<6).map { zeros >> $0 & 1 != 0 }, lastBlocks: 1 + Int(last) % frameBlocks)
  // As it stands, which is refused but for one length, and made to fit.
  _ = try? sample.table(input.rest)
  let padding = repeatElement(UInt8(0), count: max(0, sample.tableLength - input.rest.count))
  let bytes = Array((input.rest + padding).prefix(sample.tableLength))
  let table = try sample.table(bytes)
  let hashes = stride(from: 0, to: bytes.count, by: BlockHash.byteCount).map {
    BlockHash(LittleEndian.decode(bytes, at: $0))
  }
  let base = Array(hashes.suffix(shared)) + [BlockHash.ofZeros]
  let map = BlockMap(table, sample.artefact, sample.frames, base: BlockIndex(base))
  for index in 0..<sample.frames.count {
    let frame = sample.frames[index]
    let blocks = frame.length / BundleLimits.blockBytes
    let known = (0..<blocks).map { table[index, $0] }
    require(known.allSatisfy { ($0 == nil) == (frame.codec == .zero) }, "zero frames have none")
    guard let recipe = map[index] else { continue }
    check(recipe, known, base)
  }
}

/// Every block comes from a place with its hash.
private func check(_ recipe: FrameRecipe, _ known: [BlockHash?], _ base: [BlockHash]) {
  var block = 0
  for segment in recipe.segments {
    for step in 0..<segment.length / BundleLimits.blockBytes {
      switch segment.source {
      case .zero: require(known[block] == BlockHash.ofZeros, "zeros have the hash of zeros")
      case .base(let offset):
        let place = Int(offset) / BundleLimits.blockBytes + step
        require(place < base.count && base[place] == known[block], "the base has that block")
      case .patch: fatalError("there are no patches")
      }
      block += 1
    }
  }
  require(block == known.count, "the recipe is the frame")
}

/// Six frames, of which some are zero.
private struct BlockSample {
  let artefact: Artefact
  let frames: FrameTable

  init(zeros: [Bool], lastBlocks: Int) throws {
    let frameSize = 0x10000
    let encoder = FrameEncoder(level: 1)
    let records = zeros.enumerated().map { index, isZero in
      let isLast = index == zeros.count - 1
      let count = isLast ? lastBlocks * BundleLimits.blockBytes : frameSize
      return encoder.encode([UInt8](repeating: isZero ? 0 : 1, count: count)).record
    }
    let length = (zeros.count - 1) * frameSize + lastBlocks * BundleLimits.blockBytes
    artefact = Artefact(
      name: "root", kind: .slotImage, length: UInt64(length),
      imageDigest: Digest(of: records.flatMap(\.plainDigest.bytes)), frameSize: frameSize,
      payloadLength: UInt64(records.reduce(0) { $0 + $1.storedLength }))
    let table = records.flatMap(\.encoded)
    frames = try FrameTable(
      verifying: table,
      description: TableDescription(
        kind: TableDescription.frames, artefact: "root", length: UInt64(table.count),
        digest: Digest(of: table)), artefact: artefact)
  }

  var tableLength: Int {
    (0..<frames.count).reduce(0) { sum, index in
      let frame = frames[index]
      let blocks = frame.codec == .zero ? 0 : frame.length / BundleLimits.blockBytes
      return sum + blocks * BlockHash.byteCount
    }
  }

  func table(_ bytes: [UInt8]) throws -> BlockTable {
    let description = TableDescription(
      kind: TableDescription.blocks, artefact: "root", length: UInt64(bytes.count),
      digest: Digest(of: bytes))
    return try BlockTable(verifying: bytes, description: description, frames: frames)
  }
}
