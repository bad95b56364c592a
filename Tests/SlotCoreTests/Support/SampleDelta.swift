@testable import SlotCore

/// What rebuilds `SampleBundle`'s image from a base of 40 blocks: a frame from all sources, one without segments, and a
/// short one.
struct SampleDelta {
  static let block = UInt64(BundleLimits.blockBytes)
  static let patch = FrameRecipe.Patch(
    windows: [2 * block..<6 * block, 0..<block], storedLength: 100, storedDigest: digest("patch"))
  static let baseLength = 40 * block

  let artefact = SampleBundle().artefact

  var recipes: [FrameRecipe] {
    [
      FrameRecipe(
        segments: [
          SampleDelta.segment(.base(0), 3), SampleDelta.segment(.zero, 1),
          SampleDelta.segment(.patch, 4),
          SampleDelta.segment(.base(20 * SampleDelta.block + 77), 2),
          SampleDelta.segment(.base(20 * SampleDelta.block), 6),
        ], patch: SampleDelta.patch),
      FrameRecipe(segments: [], patch: nil),
      FrameRecipe(
        segments: [SampleDelta.segment(.base(39 * SampleDelta.block), 1)], patch: nil),
    ]
  }

  static func segment(_ source: FrameRecipe.Source, _ blocks: Int) -> FrameRecipe.Segment {
    FrameRecipe.Segment(source, length: blocks * BundleLimits.blockBytes)
  }

  /// The table's bytes, which are small enough to be written.
  var table: [UInt8] {
    DeltaTable.encoded(recipes, artefact: artefact, baseLength: SampleDelta.baseLength) ?? []
  }

  var description: TableDescription { SampleDelta.description(table) }

  /// What a publisher says of `table`.
  static func description(_ table: [UInt8], payloadLength: UInt64 = 100) -> TableDescription {
    TableDescription(
      kind: TableDescription.delta, artefact: "root", length: UInt64(table.count),
      digest: Digest(of: table), payloadLength: payloadLength, base: digest("base"))
  }

  func read() throws -> DeltaTable {
    try DeltaTable(verifying: table, description: description, artefact: artefact)
  }

  /// A table of any recipes at all, as a publisher would wrap it.
  static func wrapped(_ recipes: [UInt8]) -> [UInt8] {
    LittleEndian.encode(UInt32(recipes.count))
      + (FrameEncoder.compressed(recipes, level: 3) ?? [])
  }
}
