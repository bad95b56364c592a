/// The recipes of all frames of an artefact, for devices that have one older image, the base.
///
/// What a recipe makes is not believed: each frame has to match its digest in the frame table, and a frame that
/// does not is fetched whole.
public struct DeltaTable: FrameRecipes {
  /// Bytes of the base, of which recipes may use every block.
  public let baseLength: UInt64

  private let recipes: [UInt8]
  /// Where each frame's recipe begins, and where its patch stands in the table's payload.
  private let starts: [(recipe: Int, payloadOffset: UInt64)]
  private let places: Places

  /// Length of the uncompressed recipes (4), then one zstd frame.
  private static let headBytes = 4
  private static let baseLengthBytes = 8
  private static let level: Int32 = 19

  /// Takes a table that the manifest of a verified signature describes.
  ///
  /// - Throws: `damagedTable`, `malformedTable`.
  public init(
    verifying bytes: [UInt8], description: TableDescription, artefact: Artefact
  ) throws(BundleFailure) {
    guard UInt64(bytes.count) == description.length, Digest(of: bytes) == description.digest else {
      throw .damaged(.damagedTable, "the bundle's delta table is damaged")
    }
    recipes = try DeltaTable.uncompressed(bytes)
    guard recipes.count >= DeltaTable.baseLengthBytes else { throw DeltaTable.malformed("length") }
    baseLength = LittleEndian.decode(recipes, at: 0)
    guard baseLength <= BundleLimits.imageBytes else { throw DeltaTable.malformed("base") }
    places = Places(artefact, baseLength: baseLength)
    var input = VariableIntegers.Reader(recipes, at: DeltaTable.baseLengthBytes)
    var starts: [(recipe: Int, payloadOffset: UInt64)] = []
    var payload: UInt64 = 0
    for index in 0..<artefact.frameCount {
      starts.append((input.position, payload))
      guard let recipe = FrameRecipe(decoding: &input, at: places[index]) else {
        throw DeltaTable.malformed("frame \(index)")
      }
      payload += UInt64(recipe.patch?.storedLength ?? 0)
    }
    guard input.isAtEnd, payload == description.payloadLength else {
      throw DeltaTable.malformed("payload length")
    }
    self.starts = starts
  }

  private static func malformed(_ what: String) -> BundleFailure {
    .damaged(.malformedTable, "the bundle's delta table is malformed: \(what)")
  }

  private static func uncompressed(_ bytes: [UInt8]) throws(BundleFailure) -> [UInt8] {
    guard bytes.count > headBytes else { throw malformed("length") }
    let length: UInt32 = LittleEndian.decode(bytes, at: 0)
    guard length <= BundleLimits.recipesBytes else { throw malformed("length") }
    guard
      let recipes = FrameDecoder.uncompressed(Array(bytes[headBytes...]), length: Int(length))
    else { throw malformed("compression") }
    return recipes
  }

  /// Frames of the artefact.
  public var count: Int { starts.count }

  public subscript(index: Int) -> FrameRecipe? {
    // `init` has read every recipe.
    var input = VariableIntegers.Reader(recipes, at: starts[index].recipe)
    guard let recipe = FrameRecipe(decoding: &input, at: places[index]), !recipe.segments.isEmpty
    else { return nil }
    return recipe
  }

  public func payloadOffset(of index: Int) -> UInt64 { starts[index].payloadOffset }

  /// The table's bytes; nil when they would be larger than a reader takes.
  public static func encoded(
    _ recipes: [FrameRecipe], artefact: Artefact, baseLength: UInt64
  ) -> [UInt8]? {
    let places = Places(artefact, baseLength: baseLength)
    var output = VariableIntegers.Writer()
    output.put(LittleEndian.encode(baseLength))
    for (index, recipe) in recipes.enumerated() { recipe.encode(at: places[index], into: &output) }
    guard output.bytes.count <= BundleLimits.recipesBytes,
      let compressed = FrameEncoder.compressed(output.bytes, level: level)
    else { return nil }
    return LittleEndian.encode(UInt32(output.bytes.count)) + compressed
  }
}

/// Where the frames of an artefact stand, in blocks.
private struct Places: Sendable {
  private let blocks: UInt64
  private let frameBlocks: UInt64
  private let baseBlocks: UInt64

  init(_ artefact: Artefact, baseLength: UInt64) {
    let block = UInt64(BundleLimits.blockBytes)
    blocks = artefact.length / block
    frameBlocks = UInt64(artefact.frameSize) / block
    baseBlocks = baseLength / block
  }

  subscript(index: Int) -> FrameRecipe.Place {
    let first = UInt64(index) * frameBlocks
    return FrameRecipe.Place(
      firstBlock: first, blocks: min(frameBlocks, blocks - first), baseBlocks: baseBlocks)
  }
}
