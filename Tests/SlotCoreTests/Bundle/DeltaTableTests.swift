import Testing

@testable import SlotCore

/// The table around the recipes.
@Suite struct DeltaTableTests {
  private let sample = SampleDelta()

  /// Why `table` is refused, when the manifest says of it what is true.
  private func refusal(_ table: [UInt8], payloadLength: UInt64 = 100) -> String? {
    do {
      _ = try DeltaTable(
        verifying: table,
        description: SampleDelta.description(table, payloadLength: payloadLength),
        artefact: sample.artefact)
      return nil
    } catch {
      #expect(error.code == .malformedTable)
      return error.message.replacing("the bundle's delta table is malformed: ", with: "")
    }
  }

  /// The recipes of the sample with this base length.
  private func recipes(_ baseLength: UInt64 = SampleDelta.baseLength) throws -> [UInt8] {
    let table = sample.table
    let length: UInt32 = LittleEndian.decode(table, at: 0)
    let plain = try #require(FrameDecoder.uncompressed(Array(table[4...]), length: Int(length)))
    return LittleEndian.encode(baseLength) + plain.dropFirst(8)
  }

  @Test func roundTrip() throws {
    let table = try sample.read()
    #expect(table.baseLength == SampleDelta.baseLength)
    #expect(table.count == 3)
    #expect(table[0] == sample.recipes[0])
    #expect(table[1] == nil)
    #expect(table[2] == sample.recipes[2])
    #expect((0..<3).map { table.payloadOffset(of: $0) } == [0, 100, 100])
  }

  @Test func layout() throws {
    // Five segments: 3 blocks of the base in place, 1 of zeros, 4 of the patch, 2 from 49,229 bytes behind where they
    // come to stand, and 6 from two blocks before the one in which those ended.
    var segments: [UInt8] = [5, 3 << 2 | 1, 0, 1 << 2, 4 << 2 | 2]
    segments += [2 << 2 | 3, 0x9A, 0x81, 0x06, 6 << 2 | 1, (2 << 1) - 1]
    // Two windows: 4 blocks from 2 on, and 1 that begins six blocks before their end.
    let patch: [UInt8] = [2, 2 << 1, 4, (6 << 1) - 1, 1, 100]
    // One segment, which stands 7 behind its block.
    let last: [UInt8] = [1, 1 << 2 | 1, 7 << 1]
    var expected: [UInt8] = [0, 0x80, 2, 0, 0, 0, 0, 0]
    expected += segments + patch
    expected += digest("patch").bytes + [0] + last
    #expect(try recipes() == expected)
  }

  @Test func anyRecipesReadAsTheyWereWritten() throws {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<50 {
      let recipes = [16, 16, 1].map { RandomRecipes.recipe(blocks: $0, &generator) }
      let bytes = try #require(
        DeltaTable.encoded(
          recipes, artefact: sample.artefact, baseLength: SampleDelta.baseLength))
      let stored = recipes.map { UInt64($0.patch?.storedLength ?? 0) }
      let table = try DeltaTable(
        verifying: bytes,
        description: SampleDelta.description(bytes, payloadLength: stored.reduce(0, +)),
        artefact: sample.artefact)
      #expect((0..<3).map { table[$0] } == recipes)
      #expect((0..<3).map { table.payloadOffset(of: $0) } == [0, stored[0], stored[0] + stored[1]])
    }
  }

  @Test func everyDamagedByteShows() {
    for bytes in damagedCopies(sample.table) {
      let outcome: BundleCode? = code {
        _ = try DeltaTable(
          verifying: bytes, description: sample.description, artefact: sample.artefact)
      }
      #expect(outcome == .damagedTable)
    }
  }

  @Test func anotherLengthThanSigned() {
    var description = sample.description
    description.length += 1
    let outcome: BundleCode? = code {
      _ = try DeltaTable(
        verifying: sample.table, description: description, artefact: sample.artefact)
    }
    #expect(outcome == .damagedTable)
  }

  @Test(arguments: [0, 99, 101, 1 << 44] as [UInt64])
  func patchesAreThePayload(_ length: UInt64) {
    #expect(refusal(sample.table, payloadLength: length) == "payload length")
  }

  @Test func nothingIsLeftOver() throws {
    #expect(refusal(SampleDelta.wrapped(try recipes())) == nil)
    #expect(refusal(SampleDelta.wrapped(try recipes() + [0])) == "payload length")
  }

  @Test func recipesCutOff() throws {
    let recipes = try recipes()
    for count in 0..<recipes.count {
      let why = refusal(SampleDelta.wrapped(Array(recipes[..<count])))
      #expect(count < 8 ? why == "length" : why?.hasPrefix("frame ") == true)
    }
  }

  @Test func theBaseIsBounded() throws {
    let limit = BundleLimits.imageBytes
    #expect(refusal(SampleDelta.wrapped(try recipes(limit))) == nil)
    #expect(refusal(SampleDelta.wrapped(try recipes(limit + 1))) == "base")
    #expect(refusal(SampleDelta.wrapped(try recipes(.max))) == "base")
    // The last block of 40 is used.
    #expect(refusal(SampleDelta.wrapped(try recipes(40 * 4096 - 1))) == "frame 2")
  }

  /// Before memory is taken for them.
  @Test(arguments: [64 << 20, 64 << 20 | 1, .max] as [UInt32])
  func recipesAreBounded(_ length: UInt32) {
    let table = LittleEndian.encode(length) + sample.table[4...]
    #expect(refusal(table) == (length > 64 << 20 ? "length" : "compression"))
  }

  @Test func tablesWithoutAFrame() {
    for count in 0...4 { #expect(refusal(Array(sample.table[..<count])) == "length") }
  }

  @Test func damagedCompression() throws {
    let (head, frame) = (Array(sample.table[..<4]), Array(sample.table[4...]))
    for count in 1..<frame.count {
      #expect(refusal(head + frame[..<count]) == "compression")
    }
    #expect(refusal(head + frame + [0]) == "compression")
    #expect(refusal(head + [0] + frame.dropFirst()) == "compression")
    let length: UInt32 = LittleEndian.decode(head, at: 0)
    for other in [length - 1, length + 1, 0] {
      #expect(refusal(LittleEndian.encode(other) + frame) == "compression")
    }
  }
}

/// Recipes as a publisher might make them, with every source, anywhere in the sample's base.
private enum RandomRecipes {
  private static let block = UInt64(BundleLimits.blockBytes)

  static func recipe(blocks: Int, _ generator: inout SeededGenerator) -> FrameRecipe {
    var segments: [FrameRecipe.Segment] = []
    var left = blocks
    while left > 0 {
      let count = Int.random(in: 1...left, using: &generator)
      segments.append(SampleDelta.segment(source(blocks: count, &generator), count))
      left -= count
    }
    guard segments.contains(where: { $0.source == .patch }) else {
      return FrameRecipe(segments: segments, patch: nil)
    }
    let windows = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
      let start = UInt64.random(in: 0..<40, using: &generator)
      return start * block..<UInt64.random(in: start + 1...40, using: &generator) * block
    }
    return FrameRecipe(
      segments: segments,
      patch: FrameRecipe.Patch(
        windows: windows,
        storedLength: Int.random(in: 1...blocks * BundleLimits.blockBytes, using: &generator),
        storedDigest: Digest(of: generator.bytes(4))))
  }

  private static func source(
    blocks: Int, _ generator: inout SeededGenerator
  ) -> FrameRecipe.Source {
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: .zero
    case 1: .patch
    case 2:
      .base(
        UInt64.random(in: 0..<40 - UInt64(blocks), using: &generator) * block
          + UInt64.random(in: 1..<block, using: &generator))
    default: .base(UInt64.random(in: 0...40 - UInt64(blocks), using: &generator) * block)
    }
  }
}
