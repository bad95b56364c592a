internal import SlotCore

/// The booted slot, and what the ledger says that it holds. Nothing of it is believed.
struct InstalledBase {
  let image: ImageIdentity?
  let device: any SlotDevice
}

/// What rebuilds frames: recipes, the image that they start from, and where their patches stand.
struct RebuildSource: Sendable {
  let recipes: any FrameRecipes
  /// The booted slot.
  let base: any SlotDevice
  /// Bytes from the start of the bundle to the first patch.
  let patchesOffset: UInt64
  /// The recipes were made for what the booted slot should hold; else they are guesses from hashes.
  let isForBase: Bool

  /// Where the patch of frame `index` stands in the bundle; nil when it has none.
  func patchRange(of index: Int) -> Range<UInt64>? {
    guard let patch = recipes[index]?.patch else { return nil }
    let start = patchesOffset + recipes.payloadOffset(of: index)
    return start..<start + UInt64(patch.storedLength)
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

  /// `wanted` is how many bytes of frames there are to fetch otherwise, which a table has to beat.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `CancellationFailure`.
  func source(from base: InstalledBase, wanted: UInt64) throws -> RebuildSource? {
    try delta(base, wanted) ?? blocks(base, wanted)
  }

  private func delta(_ base: InstalledBase, _ wanted: UInt64) throws -> RebuildSource? {
    guard let image = base.image?.imageDigest,
      let placed = bundle.manifest.deltaTable(of: artefact, from: image),
      placed.description.length < wanted,
      let delta = try bundle.delta(of: artefact, from: image, observer),
      delta.baseLength <= base.device.byteCount
    else { return nil }
    return RebuildSource(
      recipes: delta, base: base.device, patchesOffset: bundle.payloadOffset(of: placed),
      isForBase: true)
  }

  /// Not for a source that is near: reading the booted slot costs time, and would save nothing.
  private func blocks(_ base: InstalledBase, _ wanted: UInt64) throws -> RebuildSource? {
    guard bundle.reader.isSelective,
      let placed = bundle.manifest.blockTable(of: artefact), placed.description.length < wanted,
      let blocks = try bundle.blocks(of: artefact, table, observer)
    else { return nil }
    let device = base.device
    let length = min(base.image?.imageLength ?? device.byteCount, device.byteCount)
    let meter = Meter(.searching, total: length, bundle.reader, observer)
    let hashes = try meter.following { report in
      try BlockScan.hashes(of: device, length: length, cancellation, progress: report)
    }
    let map = BlockMap(blocks, artefact, table, base: BlockIndex(hashes))
    return RebuildSource(recipes: map, base: device, patchesOffset: 0, isForBase: false)
  }
}
