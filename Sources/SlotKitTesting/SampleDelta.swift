internal import SlotCore

extension SampleBundle {
  /// Adds what rebuilds the image from that of `base`: blocks that it has anywhere, and patches for the rest. With
  /// `areUnsigned` their digests are of other bytes.
  public mutating func addDelta(from base: SampleBundle, areUnsigned: Bool = false) {
    let size = BundleLimits.blockBytes
    var places: [ArraySlice<UInt8>: Int] = [:]
    for start in stride(from: 0, to: base.image.count, by: size) {
      places[base.image[start..<start + size]] = start
    }
    var recipes: [FrameRecipe] = []
    var patches: [UInt8] = []
    for start in stride(from: 0, to: image.count, by: SampleBundle.frameSize) {
      let frame = image[start..<min(start + SampleBundle.frameSize, image.count)]
      var (recipe, patch) = SampleBundle.recipe(of: frame, places)
      if areUnsigned { recipe.patch?.storedDigest = Digest(of: []) }
      recipes.append(recipe)
      patches += patch
    }
    let artefact = manifest.artefacts[0]
    let table =
      DeltaTable.encoded(recipes, artefact: artefact, baseLength: UInt64(base.image.count)) ?? []
    manifest.tables.append(
      TableDescription(
        kind: TableDescription.delta, artefact: artefact.name, length: UInt64(table.count),
        digest: Digest(of: table), payloadLength: UInt64(patches.count),
        base: base.manifest.artefacts[0].imageDigest))
    deltas.append((table, patches))
  }

  /// Adds the table of blocks: with the hashes of its own image, or of another one.
  public mutating func addBlocks(of image: [UInt8]? = nil) {
    let hashed = image ?? self.image
    let table = stride(from: 0, to: self.image.count, by: SampleBundle.frameSize).flatMap { start in
      let frame = self.image[start..<min(start + SampleBundle.frameSize, self.image.count)]
      let (record, stored) = FrameEncoder(level: 1).encode(Array(frame))
      let content = hashed[frame.startIndex..<min(frame.endIndex, hashed.endIndex)]
      return record.codec == .zero
        ? [] : BlockTable.encoded(frame: content, stored: stored, codec: record.codec)
    }
    manifest.tables.append(
      TableDescription(
        kind: TableDescription.blocks, artefact: manifest.artefacts[0].name,
        length: UInt64(table.count), digest: Digest(of: table)))
    deltas.append((table, []))
  }

  private static func recipe(
    of frame: ArraySlice<UInt8>, _ places: [ArraySlice<UInt8>: Int]
  ) -> (FrameRecipe, patch: [UInt8]) {
    var segments: [FrameRecipe.Segment] = []
    var rest: [UInt8] = []
    for start in stride(from: frame.startIndex, to: frame.endIndex, by: BundleLimits.blockBytes) {
      let block = frame[start..<start + BundleLimits.blockBytes]
      if block.allSatisfy({ $0 == 0 }) {
        segments.append(FrameRecipe.Segment(.zero, length: block.count))
      } else if let place = places[block] {
        segments.append(FrameRecipe.Segment(.base(UInt64(place)), length: block.count))
      } else {
        segments.append(FrameRecipe.Segment(.patch, length: block.count))
        rest += block
      }
    }
    guard !rest.isEmpty else { return (FrameRecipe(segments: segments, patch: nil), []) }
    let encoder = FrameEncoder(level: 1)
    let patch = rest.withUnsafeBytes {
      encoder.encode(patch: $0, prefix: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    let stored = patch ?? []
    return (
      FrameRecipe(
        segments: segments,
        patch: FrameRecipe.Patch(
          windows: [], storedLength: stored.count, storedDigest: Digest(of: stored))), stored
    )
  }
}
