import SlotKitTesting

/// What a slot holds, told from its blocks.
struct SlotContents {
  /// The release that it holds whole.
  let release: Release?
  /// Nothing in the first 64 KiB: no boot script finds a kernel.
  let headIsClear: Bool
  /// Behind the first 64 KiB it is whole: only the head is being cleared or written.
  let restIsWhole: Bool

  static let headBlocks = (64 << 10) / PowerCutDisk.blockBytes

  init(_ shop: ReleaseShop, _ blocks: [BlockContent]) {
    release = shop.release(in: blocks)
    let head = SlotContents.headBlocks
    headIsClear = blocks.prefix(head).allSatisfy { $0 == 0 }
    restIsWhole =
      release != nil
      || shop.releases.contains { $0.blocks[head...].elementsEqual(blocks[head...]) }
  }

  /// A slot with something in its head may get as far as a kernel, whatever is behind.
  var mayLoad: Bool { !headIsClear }
}
