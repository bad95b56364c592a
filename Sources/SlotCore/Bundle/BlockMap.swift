/// Where the blocks of an image stand in another one, as far as their hashes tell: recipes without patches, for frames
/// of which every block was found, and for those that the bundle stores as they are, so that single blocks can be had.
public struct BlockMap: FrameRecipes {
  /// For each block of the image where it stands in the base, in bytes, or one of the two below.
  private let places: [UInt64]
  private let frames: FrameTable
  private let frameBlocks: Int

  private static let unknown = UInt64.max
  private static let zero = UInt64.max - 1

  /// `table` tells of the blocks of `frames`; `found` is where they were found.
  public init(
    _ table: BlockTable, _ search: BlockSearch, _ frames: FrameTable, found: consuming BlockPlaces
  ) {
    self.frames = frames
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
    let range = start..<min(start + frameBlocks, places.count)
    guard places[range].contains(where: { $0 < BlockMap.zero }),
      !places[range].contains(BlockMap.unknown) || frames[index].codec == .stored
    else { return nil }
    var segments: [FrameRecipe.Segment] = []
    for place in places[range] {
      let source: FrameRecipe.Source =
        switch place {
        case BlockMap.unknown: .stored
        case BlockMap.zero: .zero
        default: .base(place)
        }
      segments.append(source, length: BundleLimits.blockBytes)
    }
    return FrameRecipe(segments: segments, patch: nil)
  }

  public func payloadOffset(of index: Int) -> UInt64 { frames[index].payloadOffset }
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
