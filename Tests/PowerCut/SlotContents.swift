import SlotKitTesting

/// What a slot holds, told from its blocks.
struct SlotContents {
  /// The release that it holds whole.
  let release: Release?
  /// Nothing in the first 64 KiB: no boot script finds a kernel.
  let headIsClear: Bool
  /// Whole but for blocks of its head that are still clear, or already: only the head is being written or cleared.
  let isWholeButHead: Bool

  static let headBlocks = (64 << 10) / PowerCutDisk.blockBytes

  init(_ shop: ReleaseShop, _ blocks: [BlockContent]) {
    release = shop.release(in: blocks)
    let head = SlotContents.headBlocks
    headIsClear = blocks.prefix(head).allSatisfy { $0 == 0 }
    isWholeButHead =
      release != nil
      || shop.releases.contains { release in
        release.blocks[head...].elementsEqual(blocks[head...])
          && zip(blocks, release.blocks.prefix(head)).allSatisfy { $0 == 0 || $0 == $1 }
      }
  }

  /// A slot with something in its head may get as far as a kernel, whatever is behind.
  var mayLoad: Bool { !headIsClear }
}
