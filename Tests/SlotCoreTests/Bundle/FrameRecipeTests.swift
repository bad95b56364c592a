import Testing

@testable import SlotCore

/// A recipe for a frame of 16 blocks, the third of its image, from a base of 300 blocks: numbers as they stand in a
/// table, and 32 bytes behind them where there is a patch.
struct RecipeCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  private let numbers: [UInt64]
  private let digestBytes: Int

  init(_ what: String, _ numbers: [UInt64], digestBytes: Int = 0) {
    testDescription = what
    self.numbers = numbers
    self.digestBytes = digestBytes
  }

  /// All of the frame comes from a patch with these windows.
  init(_ what: String, windows: [UInt64], stored: UInt64 = 1, digestBytes: Int = 32) {
    self.init(
      what, [1, RecipeCase.patch(16)] + windows + [stored], digestBytes: digestBytes)
  }

  static func zero(_ blocks: UInt64) -> UInt64 { blocks << 2 }
  static func base(_ blocks: UInt64) -> UInt64 { blocks << 2 | 1 }
  static func patch(_ blocks: UInt64) -> UInt64 { blocks << 2 | 2 }
  static func bytes(_ blocks: UInt64) -> UInt64 { blocks << 2 | 3 }
  /// A distance as it is written.
  static func back(_ blocks: UInt64) -> UInt64 { blocks * 2 - 1 }
  static func on(_ blocks: UInt64) -> UInt64 { blocks * 2 }

  private var bytes: [UInt8] {
    var output = VariableIntegers.Writer()
    for number in numbers { output.put(number) }
    output.put([UInt8](repeating: 7, count: digestBytes))
    return output.bytes
  }

  /// What is read, when nothing is left over.
  var recipe: FrameRecipe? {
    var input = VariableIntegers.Reader(bytes)
    let place = FrameRecipe.Place(firstBlock: 32, blocks: 16, baseBlocks: 300)
    guard let recipe = FrameRecipe(decoding: &input, at: place), input.isAtEnd else { return nil }
    return recipe
  }
}

@Suite struct FrameRecipeTests {
  private typealias Case = RecipeCase
  private static let block = UInt64(BundleLimits.blockBytes)
  /// The distance to the last 16 blocks of the base but for one byte.
  private static let lastBytes = Case.on((300 - 16 - 32) * 4096 - 1)

  /// Each stands on a bound that one of `refused` goes beyond.
  @Test(arguments: [
    Case("no segments", [0]),
    Case("a block for each segment", [16] + Array(repeating: Case.zero(1), count: 16)),
    Case("the first block of the base", [1, Case.base(16), Case.back(32)]),
    Case("the last block of the base", [1, Case.base(16), Case.on(300 - 16 - 32)]),
    Case("the second byte of the base", [1, Case.bytes(16), Case.back(32 * 4096 - 1)]),
    Case(
      "all but the last byte of the base", [1, Case.bytes(16), FrameRecipeTests.lastBytes]),
    Case("no window", windows: [0]),
    Case("the first window", windows: [1, Case.back(32), 1]),
    Case("the last window", windows: [1, Case.on(299 - 32), 1]),
    Case(
      "64 windows",
      windows: [64, 0, 1] + (1..<64).flatMap { _ in [Case.back(1), 1] }),
    Case("a prefix of 1 MiB", windows: [2, 0, 128, Case.back(128), 128]),
    Case("a patch as long as the frame", windows: [0], stored: 65_536),
  ])
  func accepted(_ sample: RecipeCase) {
    #expect(sample.recipe != nil)
  }

  @Test(arguments: [
    Case("more segments than blocks", [17] + Array(repeating: Case.zero(1), count: 17)),
    Case("a segment of no blocks", [2, Case.zero(16), Case.zero(0)]),
    Case("a segment of no blocks only", [1, Case.zero(0)]),
    Case("a segment longer than the frame", [1, Case.zero(17)]),
    Case("segments longer than the frame", [2, Case.zero(10), Case.zero(7)]),
    Case("segments shorter than the frame", [2, Case.zero(10), Case.zero(5)]),
    Case("bytes of no block", [2, Case.zero(16), Case.bytes(0), 1]),
    Case("bytes longer than the frame", [1, Case.bytes(17), 1]),
    Case("bytes that begin with a block", [1, Case.bytes(16), Case.on(4096)]),
    Case("the first block of the base by its byte", [1, Case.bytes(16), Case.back(32 * 4096)]),
    Case("a byte before the base", [1, Case.bytes(16), Case.back(32 * 4096 + 1)]),
    Case("bytes across the end of the base", [1, Case.bytes(16), FrameRecipeTests.lastBytes + 4]),
    Case("a byte behind the base", [1, Case.bytes(16), Case.on(300 * 4096 + 1 - 32 * 4096)]),
    Case("no distance in bytes", [1, Case.bytes(16)]),
    Case("a source before the base", [1, Case.base(16), Case.back(33)]),
    Case("a source behind the base", [2, Case.zero(15), Case.base(1), Case.on(300 - 47)]),
    Case("a source across the end of the base", [1, Case.base(16), Case.on(300 - 15 - 32)]),
    Case("no distance", [1, Case.base(16)]),
    Case("no patch", [1, Case.patch(16)]),
  ])
  func refusedSegments(_ sample: RecipeCase) {
    #expect(sample.recipe == nil)
  }

  @Test(arguments: [
    Case(
      "65 windows",
      windows: [65, 0, 1] + (1..<65).flatMap { _ in [Case.back(1), 1] }),
    Case("an empty window", windows: [1, 0, 0]),
    Case("a window before the base", windows: [1, Case.back(33), 1]),
    Case("a window behind the base", windows: [1, Case.on(300 - 32), 1]),
    Case("a window across the end of the base", windows: [1, Case.on(299 - 32), 2]),
    Case("a prefix of 1 MiB and a block", windows: [2, 0, 128, Case.back(128), 129]),
    Case("a window of 1 MiB and a block", windows: [1, 0, 257]),
    Case("an empty patch", windows: [0], stored: 0),
    Case("a patch longer than the frame", windows: [0], stored: 65_537),
    Case("a digest cut off", windows: [0], digestBytes: 31),
    Case("no digest", windows: [0], digestBytes: 0),
    Case("a digest and more", windows: [0], digestBytes: 33),
  ])
  func refusedPatches(_ sample: RecipeCase) {
    #expect(sample.recipe == nil)
  }

  @Test func distancesGoOnFromWhatWasReadLast() {
    let sample = Case(
      "", [4, Case.base(2), Case.on(8), Case.base(3), 0, Case.zero(10), Case.base(1), 0])
    let sources = sample.recipe?.segments.map(\.source)
    let block = FrameRecipeTests.block
    #expect(sources == [.base(40 * block), .base(42 * block), .zero, .base(55 * block)])
    #expect(sample.recipe?.patch == nil)
  }

  /// Bytes go on from bytes, blocks from the block in which they ended.
  @Test func distancesAreInBytesWhereNoBlockBegins() {
    let sample = Case(
      "",
      [4, Case.bytes(2), Case.on(10), Case.bytes(3), Case.on(4), Case.base(1), 0, Case.base(10), 0])
    let sources = sample.recipe?.segments.map(\.source)
    let start = 32 * FrameRecipeTests.block
    let (second, third) = (start + 8192 + 14, start + 5 * 4096)
    #expect(
      sources == [.base(start + 10), .base(second), .base(third), .base(third + 4096)])
  }

  @Test func whatTravelsIsAPatchOrPartsOfTheFrame() throws {
    #expect(try #require(SampleDelta().recipes.first).fetchedLength == 100)
    let parts = FrameRecipe(
      segments: [
        SampleDelta.segment(.stored, 2), SampleDelta.segment(.base(0), 3),
        SampleDelta.segment(.stored, 4),
      ], patch: nil)
    #expect(parts.fetchedLength == 6 * 4096)
    let chunk = [UInt8](repeating: 1, count: 700).withUnsafeBytes { StoredChunk($0, at: 300) }
    let chunks = FrameRecipe(
      segments: [SampleDelta.segment(.base(0), 8), SampleDelta.segment(.chunk(chunk), 8)],
      patch: nil)
    #expect(chunks.fetchedLength == 700)
  }

  @Test func lengthsOfAPatch() throws {
    let recipe = try #require(SampleDelta().recipes.first)
    #expect(recipe.patchedLength == 4 * 4096)
    #expect(recipe.patch?.prefixLength == 5 * 4096)
  }
}
