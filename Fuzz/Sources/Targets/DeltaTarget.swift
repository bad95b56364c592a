@testable internal import SlotCore

/// Deltas from an older release.
let deltaTargets = [FuzzTarget(name: "delta-table", maximumLength: 2048, body: fuzzDeltaTable)]

private let blockBytes = UInt64(BundleLimits.blockBytes)

/// The input is the uncompressed recipes, or the table as it stands in a bundle. Behind it: the blocks of the image,
/// its frame size, and which of the two it is.
@Sendable private func fuzzDeltaTable(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let (isWhole, size) = (input.steer() & 1 != 0, input.steer())
  let artefact = Artefact(
    name: "root", kind: .slotImage, length: UInt64(1 + input.steer16() % 4096) * blockBytes,
    imageDigest: Digest(of: []), frameSize: 0x10000 << Int(size % 7), payloadLength: 0)
  if isWhole {
    _ = try table(input.rest, artefact, payloadLength: UInt64(input.steer16()))
    return
  }
  let recipes = DeltaRecipes(input.rest, artefact)
  let delta = try table(
    try wrapped(input.rest), artefact, payloadLength: recipes.payloadLength)
  require(delta.count == artefact.frameCount, "every frame has a recipe")
  var payload: UInt64 = 0
  var read: [FrameRecipe] = []
  for index in 0..<delta.count {
    require(delta.payloadOffset(of: index) == payload, "patches follow each other")
    let recipe = delta[index] ?? FrameRecipe(segments: [], patch: nil)
    let left = artefact.length - UInt64(index * artefact.frameSize)
    check(recipe, frameLength: min(UInt64(artefact.frameSize), left), delta.baseLength)
    payload += UInt64(recipe.patch?.storedLength ?? 0)
    read.append(recipe)
  }
  require(payload == recipes.payloadLength, "patches are the payload")
  require(read == recipes.read, "the recipes are those that stand there")
  guard input.rest.count < 256 else { return }
  checkWriting(read, delta, artefact, as: input.rest)
}

private func table(
  _ bytes: [UInt8], _ artefact: Artefact, payloadLength: UInt64
) throws -> DeltaTable {
  let description = TableDescription(
    kind: TableDescription.delta, artefact: "root", length: UInt64(bytes.count),
    digest: Digest(of: bytes), payloadLength: payloadLength, base: Digest(of: []))
  return try DeltaTable(verifying: bytes, description: description, artefact: artefact)
}

/// As a publisher would compress them.
private func wrapped(_ recipes: [UInt8]) throws -> [UInt8] {
  guard let compressed = FrameEncoder.compressed(recipes, level: 1) else {
    fatalError("zstd refuses to compress")
  }
  return LittleEndian.encode(UInt32(recipes.count)) + compressed
}

/// The recipes as far as they can be read, so that the description says what an honest publisher would.
private struct DeltaRecipes {
  private(set) var read: [FrameRecipe] = []
  private(set) var payloadLength: UInt64 = 0

  init(_ bytes: [UInt8], _ artefact: Artefact) {
    guard bytes.count >= 8 else { return }
    let baseLength: UInt64 = LittleEndian.decode(bytes, at: 0)
    let frameBlocks = UInt64(artefact.frameSize) / blockBytes
    var input = VariableIntegers.Reader(bytes, at: 8)
    for first in stride(from: 0, to: artefact.length / blockBytes, by: Int(frameBlocks)) {
      let place = FrameRecipe.Place(
        firstBlock: first, blocks: min(frameBlocks, artefact.length / blockBytes - first),
        baseBlocks: min(baseLength, BundleLimits.imageBytes) / blockBytes)
      guard let recipe = FrameRecipe(decoding: &input, at: place) else { return }
      read.append(recipe)
      payloadLength += UInt64(recipe.patch?.storedLength ?? 0)
    }
  }
}

/// What holds for every recipe that was accepted: nothing outside the base, and no more memory than a device has.
private func check(_ recipe: FrameRecipe, frameLength: UInt64, _ baseLength: UInt64) {
  func isInBase(_ range: Range<UInt64>) -> Bool { !range.isEmpty && range.upperBound <= baseLength }
  func isOfBlocks(_ range: Range<UInt64>) -> Bool {
    isInBase(range) && range.lowerBound % blockBytes == 0 && range.upperBound % blockBytes == 0
  }
  var length: UInt64 = 0
  for segment in recipe.segments {
    require(segment.length > 0, "a segment has a length")
    require(segment.fetchedLength == 0, "no delta takes parts of frames")
    length += UInt64(segment.length)
    guard case .base(let offset) = segment.source else { continue }
    require(isInBase(offset..<offset + UInt64(segment.length)), "segments are in the base")
  }
  require(recipe.segments.isEmpty || length == frameLength, "segments are the frame")
  require((recipe.patchedLength > 0) == (recipe.patch != nil), "a patch for what comes from one")
  guard let patch = recipe.patch else { return }
  require((1...frameLength).contains(UInt64(patch.storedLength)), "a patch fits into a buffer")
  require(patch.windows.count <= Int(BundleLimits.patchWindows), "the windows are bounded")
  require(patch.windows.allSatisfy(isOfBlocks), "windows are blocks of the base")
  require(patch.prefixLength <= BundleLimits.patchPrefixBytes, "the prefix is bounded")
}

/// Each recipe has one form, so what was read is written as it stood.
private func checkWriting(
  _ recipes: [FrameRecipe], _ delta: DeltaTable, _ artefact: Artefact, as original: [UInt8]
) {
  guard
    let bytes = DeltaTable.encoded(recipes, artefact: artefact, baseLength: delta.baseLength)
  else { fatalError("what was read is not too large to be written") }
  let length: UInt32 = LittleEndian.decode(bytes, at: 0)
  require(
    FrameDecoder.uncompressed(Array(bytes[4...]), length: Int(length)) == original,
    "recipes are written as they were read")
}
