/// Where the blocks of an image stand in another one, as far as their hashes tell: recipes without patches, for the
/// frames of which every block was found.
public struct BlockMap: FrameRecipes {
  /// For each block of the image the number of the block in the base, or one of the two below.
  private var places: [UInt32] = []
  private let frameBlocks: Int

  private static let unknown = UInt32.max
  private static let zero = UInt32.max - 1

  /// `table` tells of `artefact`, whose frames `frames` describes; `base` has the hashes of the image that there is.
  public init(
    _ table: BlockTable, _ artefact: Artefact, _ frames: FrameTable, base: BlockIndex
  ) {
    frameBlocks = artefact.frameSize / BundleLimits.blockBytes
    places.reserveCapacity(Int(artefact.length) / BundleLimits.blockBytes)
    var expected: UInt32 = 0
    for index in 0..<frames.count {
      for block in 0..<frames[index].length / BundleLimits.blockBytes {
        let place: UInt32
        switch table[index, block] {
        case nil, BlockHash.ofZeros: place = BlockMap.zero
        case let hash?:
          let own = UInt32(truncatingIfNeeded: places.count)
          place = base.find(hash, expected: expected, or: own) ?? BlockMap.unknown
        }
        if place < BlockMap.zero { expected = place + 1 } else { expected &+= 1 }
        places.append(place)
      }
    }
  }

  public subscript(index: Int) -> FrameRecipe? {
    let start = index * frameBlocks
    let range = start..<min(start + frameBlocks, places.count)
    guard !places[range].contains(BlockMap.unknown),
      places[range].contains(where: { $0 != BlockMap.zero })
    else { return nil }
    var segments: [FrameRecipe.Segment] = []
    for place in places[range] {
      let source: FrameRecipe.Source =
        place == BlockMap.zero
        ? .zero : .base(UInt64(place) * UInt64(BundleLimits.blockBytes))
      segments.append(source, length: BundleLimits.blockBytes)
    }
    return FrameRecipe(segments: segments, patch: nil)
  }

  public func payloadOffset(of index: Int) -> UInt64 { 0 }
}

/// The blocks of an image by their hashes.
public struct BlockIndex: Sendable {
  /// Of each block, in order.
  private let hashes: [BlockHash]
  /// Numbers of blocks, plus 1, where their hashes say; 0 for an empty place.
  private var places: [UInt32]
  private let shift: Int

  /// Blocks behind the first 2^30 (4 TiB) are found only where they follow others.
  public init(_ hashes: [BlockHash]) {
    self.hashes = hashes
    var bits = 4
    while hashes.count * 2 > 1 << bits, bits < 31 { bits += 1 }
    shift = 32 - bits
    places = [UInt32](repeating: 0, count: 1 << bits)
    for (block, hash) in hashes.enumerated().prefix(1 << (bits - 1)) where hash != .ofZeros {
      var place = start(hash)
      // The first of several that are alike stays.
      while places[place] > 0, hashes[Int(places[place] - 1)] != hash { place = after(place) }
      if places[place] == 0 { places[place] = UInt32(block + 1) }
    }
  }

  /// A block with this hash: `expected` or `other` if one of them has it, else the first of all.
  public func find(_ hash: BlockHash, expected: UInt32, or other: UInt32) -> UInt32? {
    if has(hash, at: expected) { return expected }
    if has(hash, at: other) { return other }
    var place = start(hash)
    while places[place] > 0 {
      if hashes[Int(places[place] - 1)] == hash { return places[place] - 1 }
      place = after(place)
    }
    return nil
  }

  private func has(_ hash: BlockHash, at block: UInt32) -> Bool {
    block < hashes.count && hashes[Int(block)] == hash
  }

  private func start(_ hash: BlockHash) -> Int {
    // Fibonacci hashing: see Knuth, The Art of Computer Programming, 6.4.
    Int((hash.value &* 2_654_435_769) >> UInt32(shift))
  }

  private func after(_ place: Int) -> Int { place + 1 == places.count ? 0 : place + 1 }
}
