internal import SlotCore
internal import SystemPackage

/// Where a device's trust in its feed begins: the root of trust of its image.
///
/// The roots that follow from it are stored, and images come and go: the next one may bring a newer root, the one before
/// an older one, and one that was made for another feed something else altogether. What is stored stays where it follows
/// from what the image brings, so that going back to an older image revives no key that was rotated away; else trust begins
/// anew with the image, which was signed, too.
struct FeedAnchor {
  private let layout: Layout
  private let store: FeedStore

  init(_ layout: Layout, _ store: FeedStore) {
    self.layout = layout
    self.store = store
  }

  /// - Throws: `FeedFailure`.
  func settle() throws {
    let image = try? Files.read(layout.feedRoot, limit: TUF.Limits.root)
    let stored = store.stored(TUF.RoleName.root, limit: TUF.Limits.root)
    guard let image else {
      if stored != nil { return }
      throw FeedFailure(
        .noRoot, "this device has no root of trust for a feed (\(layout.feedRoot))",
        hint: "the image has to bring it; a bundle can be installed by its file or address")
    }
    let brought = try TrustedMetadata(root: image, now: nil)
    let kept = stored.flatMap { try? TrustedMetadata(root: $0, now: nil) }
    if let kept, follows(kept.root, from: brought) { return }
    do { try Files.makeDirectory(store.directory) } catch {
      throw FeedFailure(
        .ioFailed, "cannot make \(store.directory): \(error)", hint: "check the data partition")
    }
    if let kept, brought.root.header.version <= kept.root.header.version {
      // Another feed: its versions are counted anew, whoever signs them.
      try store.forget([TUF.RoleName.timestamp, TUF.RoleName.snapshot])
    }
    try store.keep(root: image, version: brought.root.header.version)
  }

  /// Whether the stored root is the one that the image brings, or one of its successors.
  private func follows(_ kept: TUF.RootRole, from brought: TrustedMetadata) -> Bool {
    var chain = brought
    while chain.root.header.version < kept.header.version {
      guard let next = store.trustedRoot(version: chain.root.header.version + 1),
        (try? chain.update(root: next)) != nil
      else { return false }
    }
    return chain.root == kept
  }
}
