/// Where the blocks of an image stand in another one, as far as their hashes tell: recipes without patches, for frames
/// of which some block was found. What was not found is fetched by blocks where the bundle stores the frame as it is, else
/// by chunks.
public struct BlockMap: FrameRecipes {
  /// For each block of the image where it stands in the base, in bytes, or one of the two below.
  private let places: [UInt64]
  private let frames: FrameTable
  private let table: BlockTable
  private let frameBlocks: Int

  fileprivate static let unknown = UInt64.max
  fileprivate static let zero = UInt64.max - 1

  /// `table` tells of the blocks of `frames`; `found` is where they were found.
  public init(
    _ table: BlockTable, _ search: BlockSearch, _ frames: FrameTable, found: consuming BlockPlaces
  ) {
    self.frames = frames
    self.table = table
    frameBlocks = frames.count > 0 ? frames[0].length / BundleLimits.blockBytes : 1
    // From behind, because the first of blocks that are alike is the one that is looked up; in place, to have the
    // numbers in memory once.
    for block in (0..<table.blockCount).reversed() {
      found.places[block] =
        switch table[block] {
        case nil, BlockHash.ofZeros: BlockMap.zero
        default: found.place(of: block, in: table, search) ?? BlockMap.unknown
        }
    }
    places = found.places
  }

  public subscript(index: Int) -> FrameRecipe? {
    let start = index * frameBlocks
    let places = places[start..<min(start + frameBlocks, places.count)]
    guard places.contains(where: BlockMap.isInBase) else { return nil }
    let chunks = table.chunks(of: index)
    var segments: [FrameRecipe.Segment] = []
    guard !chunks.isEmpty else {
      segments.append(places)
      return FrameRecipe(segments: segments, patch: nil)
    }
    let chunkBytes = BundleLimits.chunkBytes(frameLength: frames[index].length)
    let blocks = chunkBytes / BundleLimits.blockBytes
    var isUseful = false
    for (number, chunk) in chunks.enumerated() {
      let inChunk = places.dropFirst(number * blocks).prefix(blocks)
      if inChunk.contains(BlockMap.unknown) {
        segments.append(.chunk(chunk), length: inChunk.count * BundleLimits.blockBytes)
      } else {
        segments.append(inChunk)
        isUseful = isUseful || inChunk.contains(where: BlockMap.isInBase)
      }
    }
    // When nothing of the base would be used, the frame's own digest says more than those of its chunks.
    return isUseful ? FrameRecipe(segments: segments, patch: nil) : nil
  }

  private static func isInBase(_ place: UInt64) -> Bool { place < zero }

  public func payloadOffset(of index: Int) -> UInt64 { frames[index].payloadOffset }
}

extension [FrameRecipe.Segment] {
  /// Blocks, each from its place; what was not found as the bundle has it.
  fileprivate mutating func append(_ places: ArraySlice<UInt64>) {
    for place in places {
      let source: FrameRecipe.Source =
        switch place {
        case BlockMap.unknown: .stored
        case BlockMap.zero: .zero
        default: .base(place)
        }
      append(source, length: BundleLimits.blockBytes)
    }
  }
}

/// Where blocks of an image were found in a base. Of several places that which goes on from the block before: fewer and
/// longer reads.
public struct BlockPlaces: Sendable {
  /// Of each block: bytes from the start of the base, and in the highest bit whether the place goes on; or `unknown`.
  fileprivate var places: [UInt64]

  private static let unknown = UInt64.max
  private static let continued: UInt64 = 1 << 63

  public init(count: Int) { places = [UInt64](repeating: BlockPlaces.unknown, count: count) }

  /// Takes what a part of the base that begins at `start` has.
  public mutating func add(_ matches: [BlockSearch.Match], from start: UInt64) {
    for match in matches {
      let old = places[match.block]
      guard
        old == BlockPlaces.unknown || (match.isContinued && old & BlockPlaces.continued == 0)
      else { continue }
      places[match.block] =
        start + UInt64(match.offset) | (match.isContinued ? BlockPlaces.continued : 0)
    }
  }

  /// Where block `block` of `table` was found, or one that is like it; nil for zeros, which stand nowhere.
  public func place(of block: Int, in table: BlockTable, _ search: BlockSearch) -> UInt64? {
    guard let hash = table[block], hash != .ofZeros else { return nil }
    return self[block] ?? search.first(hash).flatMap { self[$0] }
  }

  /// Bytes from the start of the base; nil where the block was not found.
  public subscript(block: Int) -> UInt64? {
    places[block] == BlockPlaces.unknown ? nil : places[block] & ~BlockPlaces.continued
  }
}
