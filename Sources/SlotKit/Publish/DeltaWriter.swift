internal import SlotCore
internal import SystemPackage

/// Makes what rebuilds an image from that of an older bundle: for each frame the blocks that the base has, at any byte, and
/// one patch for the rest, compressed with the ranges of the base in front that are most like it.
///
/// Memory is about an eighth of the base, for its index, and a few frames.
struct DeltaWriter {
  let table: TableDescription
  let tableBytes: [UInt8]
  let patches: OutputFile

  /// zstd's: made once, fetched by every device.
  private static let level = 19

  /// `storedLengths` are those of the image's frames, which a recipe has to beat, and `blocks` are the hashes of its
  /// blocks. `piece` gives the bytes of one frame, on any thread.
  ///
  /// - Throws: `SourceFailure`, `BundleFailure`, `OutputFailure`, `RequestFailure`.
  init(
    base path: String, product: String, artefact: Artefact, storedLengths: [Int],
    blocks: BlockTable, besides output: FilePath,
    piece: @escaping @Sendable (Int) throws -> [UInt8]
  ) throws {
    let base = try BaseImage(bundle: path, besides: output)
    guard base.product == product else {
      throw RequestFailure(
        .invalidValue,
        "the base \(path.printable) is of product \(base.product), not \(product)",
        hint: "give the bundle of an older release of the same product with --base")
    }
    let index = try BaseIndex(base, blocks)
    let collector = try PatchCollector(besides: output)
    let frameBlocks = artefact.frameSize / BundleLimits.blockBytes
    try OrderedWork.run(
      count: artefact.frameCount,
      work: { number in
        guard storedLengths[number] > 0 else { return EncodedFrame() }
        let plain = try piece(number)
        let frame = try plain.withUnsafeBytes {
          try DeltaWriter.encode($0, firstBlock: number * frameBlocks, index)
        }
        return frame.patch.count < storedLengths[number] ? frame : EncodedFrame()
      }, deliver: { try collector.append($0) })
    guard
      let bytes = DeltaTable.encoded(
        collector.recipes, artefact: artefact, baseLength: UInt64(base.bytes.count))
    else {
      throw RequestFailure(
        .imageTooLarge, "the image is too large, and too unlike \(path.printable), for a delta",
        hint: "leave that --base out")
    }
    tableBytes = bytes
    patches = collector.file
    table = TableDescription(
      kind: TableDescription.delta, artefact: artefact.name, length: UInt64(bytes.count),
      digest: Digest(of: bytes), payloadLength: collector.length, base: base.imageDigest)
  }

  private static func encode(
    _ plain: UnsafeRawBufferPointer, firstBlock: Int, _ index: BaseIndex
  ) throws -> EncodedFrame {
    var segments: [FrameRecipe.Segment] = []
    var rest: [UInt8] = []
    let size = BundleLimits.blockBytes
    var expected = UInt64(firstBlock * size)
    for start in stride(from: 0, to: plain.count, by: size) {
      let block = UnsafeRawBufferPointer(rebasing: plain[start..<start + size])
      let source: FrameRecipe.Source
      if block.isAllZero {
        source = .zero
      } else if let found = index.find(
        block, block: firstBlock + start / size, expected: expected)
      {
        source = .base(found)
        expected = found
      } else {
        source = .patch
        rest.append(contentsOf: block)
      }
      expected += UInt64(size)
      segments.append(source, length: size)
    }
    guard !rest.isEmpty else { return EncodedFrame(FrameRecipe(segments: segments, patch: nil)) }
    let windows = rest.withUnsafeBytes { index.windows(for: $0) }
    let prefix = index.bytes(of: windows)
    let encoder = FrameEncoder(level: level)
    let patch = rest.withUnsafeBytes { content in
      prefix.withUnsafeBytes { encoder.encode(patch: content, prefix: $0) }
    }
    guard let patch else { return EncodedFrame() }
    return EncodedFrame(
      FrameRecipe(
        segments: segments,
        patch: FrameRecipe.Patch(
          windows: windows, storedLength: patch.count, storedDigest: Digest(of: patch))),
      patch)
  }
}

/// A frame's recipe, without segments when the bundle's frame is no larger, and its patch.
private struct EncodedFrame: Sendable {
  var recipe: FrameRecipe
  var patch: [UInt8]

  init(
    _ recipe: FrameRecipe = FrameRecipe(segments: [], patch: nil), _ patch: [UInt8] = []
  ) {
    self.recipe = recipe
    self.patch = patch
  }
}

/// Recipes in memory, and patches on disk.
///
/// `@unchecked Sendable`: `OrderedWork` calls `append` one at a time, and the rest is read when all is done.
private final class PatchCollector: @unchecked Sendable {
  let file: OutputFile
  private(set) var recipes: [FrameRecipe] = []
  private(set) var length: UInt64 = 0

  init(besides path: FilePath) throws(OutputFailure) { file = try OutputFile(besides: path) }

  func append(_ frame: EncodedFrame) throws(OutputFailure) {
    recipes.append(frame.recipe)
    try file.append(frame.patch)
    length += UInt64(frame.patch.count)
  }
}
