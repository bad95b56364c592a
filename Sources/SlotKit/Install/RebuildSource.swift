internal import SlotCore

/// The booted slot, and what the ledger says that it holds. Nothing of it is believed.
struct InstalledBase {
  let image: ImageIdentity?
  let device: any SlotDevice
}

/// What rebuilds frames: recipes, the image that they start from, and where what else they need stands.
struct RebuildSource: Sendable {
  let recipes: any FrameRecipes
  /// The booted slot.
  let base: any SlotDevice
  /// Bytes from the start of the bundle to the payload that the recipes take from: patches, or the frames themselves.
  let payloadOffset: UInt64
  /// The recipes were made for what the booted slot should hold; else they are guesses from hashes.
  let isForBase: Bool

  /// Where the bytes stand in the bundle that the recipe of frame `index` takes from there, in ascending order.
  func ranges(of index: Int) -> [Range<UInt64>] {
    guard let recipe = recipes[index], recipe.fetchedLength > 0 else { return [] }
    let start = payloadOffset + recipes.payloadOffset(of: index)
    if let patch = recipe.patch { return [start..<start + UInt64(patch.storedLength)] }
    var ranges: [Range<UInt64>] = []
    var position = 0
    for segment in recipe.segments {
      let offset: Int? =
        switch segment.source {
        case .stored: position
        case .chunk(let chunk): chunk.offset
        case .zero, .base, .patch: nil
        }
      if let offset {
        let first = start + UInt64(offset)
        ranges.append(first..<first + UInt64(segment.fetchedLength))
      }
      position += segment.length
    }
    return ranges
  }
}

/// Finds what rebuilds an image from the booted slot: a delta where the bundle has one for it, else its blocks,
/// wherever they stand there.
struct RebuildSearch {
  let bundle: OpenedBundle
  let artefact: Artefact
  let table: FrameTable
  let cancellation: Cancellation
  let observer: InstallObserver

  /// `wanted` is how many bytes of frames there are to fetch otherwise.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `CancellationFailure`.
  func source(from base: InstalledBase, wanted: UInt64) throws -> RebuildSource? {
    if let image = base.image?.imageDigest,
      let placed = bundle.manifest.deltaTable(of: artefact, from: image)
    {
      guard placed.description.length < wanted else { return nil }
      if let source = try delta(placed, from: image, base.device) { return source }
    }
    return try blocks(base, wanted)
  }

  private func delta(
    _ placed: PlacedTable, from image: Digest, _ device: any SlotDevice
  ) throws -> RebuildSource? {
    guard let delta = try bundle.delta(of: artefact, from: image, observer),
      delta.baseLength <= device.byteCount
    else { return nil }
    return RebuildSource(
      recipes: delta, base: device, payloadOffset: bundle.payloadOffset(of: placed),
      isForBase: true)
  }

  /// Whether some of what stands in samples of the booted slot is in the image: a whole pass over a slot that holds
  /// something else would cost time for nothing.
  private func isPromising(
    _ scan: BlockScan, _ length: UInt64, _ count: Int, _ policy: SearchPolicy
  ) throws -> Bool {
    let samples = try scan.samples(of: count, length: length)
    guard samples.unreadable == 0 else { return true }
    return policy.isPromising(
      found: samples.found, of: samples.searched / BundleLimits.blockBytes)
  }

  /// Not for a source of which everything travels.
  private func blocks(_ base: InstalledBase, _ wanted: UInt64) throws -> RebuildSource? {
    guard bundle.reader.isSelective, let placed = bundle.manifest.blockTable(of: artefact) else {
      return nil
    }
    let policy = SearchPolicy(
      imageLength: artefact.length, tableLength: placed.description.length)
    guard policy.isWorthwhile(wanted: wanted),
      let blocks = try bundle.blocks(of: artefact, table, observer)
    else { return nil }
    let device = base.device
    let length = policy.reach(installed: base.image?.imageLength, capacity: device.byteCount)
    let search = BlockSearch(blocks)
    let scan = BlockScan(device: device, search: search, cancellation: cancellation)
    guard try isPromising(scan, length, blocks.blockCount, policy) else { return nil }
    let meter = Meter(.searching, total: length, bundle.reader, observer)
    let outcome = try meter.following { report in
      try scan.all(of: blocks.blockCount, length: length, progress: report)
    }
    if outcome.unreadable > 0 {
      observer(.warning("\(device.name), which is running, cannot be read everywhere"))
    }
    let map = BlockMap(blocks, search, table, found: outcome.places)
    return RebuildSource(
      recipes: map, base: device, payloadOffset: bundle.payloadOffset(of: artefact),
      isForBase: false)
  }
}
