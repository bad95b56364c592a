import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// One recipe for each frame; a patch of each follows that of the one before.
private struct Recipes: FrameRecipes {
  let all: [FrameRecipe]

  subscript(index: Int) -> FrameRecipe? { all[index] }

  func payloadOffset(of index: Int) -> UInt64 {
    all[..<index].reduce(0) { $0 + UInt64($1.fetchedLength) }
  }
}

@Suite struct FrameAssemblyTests {
  private static let block = BundleLimits.blockBytes
  private static let frameSize = 1 << 16

  private struct Release {
    let artefact: Artefact
    let frames: FrameTable
    let recipes: Recipes
    let fetched: [UInt8]
  }

  /// Two frames of `base` with blocks that are copied, patched and zero, as `sources` says of each frame.
  private func release(
    _ base: [UInt8], _ sources: [[FrameRecipe.Source]]
  ) throws -> (image: [UInt8], Release) {
    var random = SeededRandom(seed: 9)
    var (image, fetched): ([UInt8], [UInt8]) = ([], [])
    var recipes: [FrameRecipe] = []
    for source in sources {
      var (segments, patched): ([FrameRecipe.Segment], [UInt8]) = ([], [])
      for one in source {
        var content = [UInt8](repeating: 0, count: FrameAssemblyTests.block)
        if case .base(let offset) = one {
          content = Array(base[Int(offset)...].prefix(content.count))
        }
        if case .patch = one {
          content = Array(base[patched.count...].prefix(content.count))
          content[Int(random.next() % 4096)] ^= 0xFF
          patched += content
        }
        image += content
        segments.append(one, length: content.count)
      }
      let windows = [UInt64(0)..<16384, 16384..<65536]
      let stored = try #require(
        patched.withUnsafeBytes { patched in
          base[..<65536].withUnsafeBytes {
            FrameEncoder(level: 3).encode(patch: patched, prefix: $0)
          }
        })
      fetched += stored
      recipes.append(
        FrameRecipe(
          segments: segments,
          patch: FrameRecipe.Patch(
            windows: windows, storedLength: stored.count, storedDigest: Digest(of: stored))))
    }
    let sample = try BlockScanTests().described(image)
    return (
      image,
      Release(
        artefact: sample.0, frames: sample.1, recipes: Recipes(all: recipes), fetched: fetched)
    )
  }

  private static func base(seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<4 * frameSize).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  private static func copy(_ block: UInt64) -> FrameRecipe.Source { .base(block * 4096) }

  /// Parts of a patch between others of the frame: none is overwritten before it stands where it belongs.
  private static let mixed: [[FrameRecipe.Source]] = [
    [copy(40), .patch, .zero, .patch, .patch, copy(33), copy(34), .patch, copy(50), copy(9), .zero]
      + [.patch, copy(60), .patch, copy(3), .patch],
    [.patch, copy(20), .patch, .zero, .zero, .patch, copy(63), .patch, .patch, .patch, .patch]
      + [.patch, .patch, .patch, .zero, copy(1)],
  ]

  private func assemble(
    _ release: Release, from device: MemoryDevice, readsAlone: Bool = false
  ) -> (had: [Int], bytes: [UInt8]) {
    let source = RebuildSource(
      recipes: release.recipes, base: device, payloadOffset: 0, isForBase: true)
    let fetched = AlignedBuffer(byteCount: release.fetched.count)
    fetched.bytes.copyBytes(from: release.fetched)
    let assembly = FrameAssembly(
      release.frames, source, FrameSpans(release.artefact), readsAlone: readsAlone)
    let had = assembly.assemble([0, 1], of: 0..<2, fetched: fetched)
    return (had, Array(assembly.plain.bytes.prefix(2 * FrameAssemblyTests.frameSize)))
  }

  @Test(arguments: [false, true]) func partsOfAPatchFindTheirPlaces(readsAlone: Bool) throws {
    let base = FrameAssemblyTests.base(seed: 1)
    let (image, release) = try release(base, FrameAssemblyTests.mixed)
    let device = MemoryDevice(name: "booted", bytes: base)
    let (had, bytes) = assemble(release, from: device, readsAlone: readsAlone)
    #expect(had == [0, 1] && bytes == image)
    // Both windows of a patch, and all copies of both frames.
    #expect(device.mostReadsAtOnce == (readsAlone ? 0 : 9))
  }

  /// A place of the base that cannot be read costs the frame that needs it, be it a copy or a window.
  @Test(arguments: [(33 * 4096, [1]), (63 * 4096, [0]), (20_000, [])] as [(UInt64, [Int])])
  func whatCannotBeReadCostsItsFrame(offset: UInt64, expected: [Int]) throws {
    // Of each case its own: memory that is used again may hold what another one could read.
    let base = FrameAssemblyTests.base(seed: offset)
    let (_, release) = try release(base, FrameAssemblyTests.mixed)
    let faults = [MemoryDevice.Fault](repeating: .readError(at: offset), count: 8)
    let device = MemoryDevice(name: "booted", bytes: base, faults: faults)
    #expect(assemble(release, from: device).had == expected)
  }
}
