@testable internal import SlotCore

/// The blocks of an image, and where they stand in another.
let blockTargets = [FuzzTarget(name: "block-map", maximumLength: 4096, body: fuzzBlockMap)]

/// The input is what a device has. In front: which frames of the image are zero, which are stored as they are, how many
/// blocks its last frame has, and where the image's blocks are taken from the input, so that some of them are found.
@Sendable private func fuzzBlockMap(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let (zeros, stored) = (input.steer(), input.steer())
  let (last, from) = (input.steer(), Int(input.steer16()))
  let frameBlocks = 0x10000 / BundleLimits.blockBytes
  let sample = try BlockSample(
    contents: (0..<6).map {
      zeros >> $0 & 1 != 0 ? .zeros : stored >> $0 & 1 != 0 ? .noise : .ones
    }, lastBlocks: 1 + Int(last) % frameBlocks)
  // As it stands, which is refused but for one length.
  _ = try? sample.table(input.rest)
  // Three times over, so that there is more than a block of it, at more than one place.
  let base = Array((input.rest + input.rest.reversed() + input.rest).prefix(1 << 14))
  var block = 0
  let table = try sample.table(
    sample.encoded { () -> [UInt8] in
      let start = (from &+ block &* 97) % max(1, base.count)
      block += 1
      let content = base.dropFirst(start).prefix(BundleLimits.blockBytes)
      let padding = repeatElement(UInt8(0), count: BundleLimits.blockBytes - content.count)
      return (Array(content) + padding).withUnsafeBytes { BlockHash(of: $0).encoded }
    })
  let search = BlockSearch(table)
  var places = BlockPlaces(count: table.blockCount)
  let findings = base.withUnsafeBytes { search.find(in: $0, starts: base.count) }
  places.add(findings.matches, from: 0)
  let map = BlockMap(table, search, sample.frames, found: places)
  for index in 0..<sample.frames.count {
    let frame = sample.frames[index]
    let blocks = frame.length / BundleLimits.blockBytes
    let known = (0..<blocks).map { table[index, $0] }
    require(known.allSatisfy { ($0 == nil) == (frame.codec == .zero) }, "zero frames have none")
    guard let recipe = map[index] else { continue }
    check(recipe, known, base, frame, table.chunks(of: index))
  }
}

/// Every block comes from a place with its hash, or is fetched.
private func check(
  _ recipe: FrameRecipe, _ known: [BlockHash?], _ base: [UInt8], _ frame: Frame,
  _ chunks: [StoredChunk]
) {
  var block = 0
  for segment in recipe.segments {
    for step in 0..<segment.length / BundleLimits.blockBytes {
      switch segment.source {
      case .zero:
        require(known[block] == nil || known[block] == .ofZeros, "zeros have the hash of zeros")
      case .base(let offset):
        let start = Int(offset) + step * BundleLimits.blockBytes
        require(start + BundleLimits.blockBytes <= base.count, "nothing is outside the base")
        let hash = base[start..<start + BundleLimits.blockBytes].withUnsafeBytes {
          BlockHash(of: $0)
        }
        require(hash == known[block], "the base has that block")
      case .stored:
        require(frame.codec == .stored, "only of a frame that the bundle has as it is")
      case .chunk(let chunk):
        let length = BundleLimits.chunkBytes(frameLength: frame.length)
        let start = (block - step) * BundleLimits.blockBytes
        require(start % length == 0, "a chunk is whole")
        require(segment.length == min(length, frame.length - start), "a chunk is whole")
        require(chunk == chunks[start / length], "and the one that stands there")
      case .patch: fatalError("there are no patches")
      }
      block += 1
    }
  }
  require(block == known.count, "the recipe is the frame")
}

/// Six frames, of which some are zero, and some cannot be compressed.
private struct BlockSample {
  enum Content {
    case zeros, ones, noise
  }

  private static let noise: [UInt8] = {
    var state: UInt64 = 1
    return (0..<0x10000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(state >> 56)
    }
  }()

  let artefact: Artefact
  let frames: FrameTable
  /// Of each frame what the table of blocks has behind its hashes.
  private let chunks: [[UInt8]]

  init(contents: [Content], lastBlocks: Int) throws {
    let frameSize = 0x10000
    let encoder = FrameEncoder(level: 1)
    let encoded = contents.enumerated().map { index, content in
      let isLast = index == contents.count - 1
      let count = isLast ? lastBlocks * BundleLimits.blockBytes : frameSize
      let plain =
        content == .noise
        ? Array(BlockSample.noise.prefix(count))
        : [UInt8](repeating: content == .zeros ? 0 : 1, count: count)
      let (record, stored) = encoder.encode(plain)
      let all = record.codec == .zstd ? stored.withUnsafeBytes { StoredChunk.all(in: $0) } : nil
      return (record: record, chunks: (all ?? []).flatMap(\.encoded))
    }
    chunks = encoded.map(\.chunks)
    let records = encoded.map(\.record)
    let length = (contents.count - 1) * frameSize + lastBlocks * BundleLimits.blockBytes
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

  /// A table of blocks whose hashes are those that `next` gives.
  func encoded(hashes next: () -> [UInt8]) -> [UInt8] {
    (0..<frames.count).flatMap { index -> [UInt8] in
      let frame = frames[index]
      guard frame.codec != .zero else { return [] }
      let hashes = (0..<frame.length / BundleLimits.blockBytes).flatMap { _ in next() }
      return hashes + chunks[index]
    }
  }

  func table(_ bytes: [UInt8]) throws -> BlockTable {
    let description = TableDescription(
      kind: TableDescription.blocks, artefact: "root", length: UInt64(bytes.count),
      digest: Digest(of: bytes))
    return try BlockTable(verifying: bytes, description: description, frames: frames)
  }
}
