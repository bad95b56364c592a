import SlotCore
import Testing

@Suite struct BundleLimitsTests {
  private func table(_ kind: String, _ length: UInt64) -> TableDescription {
    TableDescription(kind: kind, artefact: "root", length: length, digest: Digest(of: []))
  }

  /// A bundle without the table of blocks is better than one that no reader takes.
  @Test func beyondTheLimitTheTableOfBlocksIsLeftOut() {
    let frames = table(TableDescription.frames, 200 << 20)
    let delta = table(TableDescription.delta, 5 << 20)
    let small = table(TableDescription.blocks, 51 << 20)
    #expect(BundleLimits.fitting([frames, delta, small]) == [frames, delta, small])
    let large = table(TableDescription.blocks, 51 << 20 + 1)
    #expect(BundleLimits.fitting([frames, delta, large]) == [frames, delta])
  }
}
