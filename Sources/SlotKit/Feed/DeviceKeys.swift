public import SlotCore
internal import SystemPackage

/// The keys that may sign bundles for a device: those of its image and of its feed, but for those that were withdrawn.
public enum DeviceKeys {
  /// Withdrawals only grow. They are kept apart from what is trusted of the feed, which may be lost or begun anew.
  static func withdrawals(_ layout: Layout) -> FilePath {
    layout.stateDirectory.appending("withdrawn-keys.json")
  }

  /// - Throws: `malformedKey`, and where a list cannot be read: a withdrawn key would count again.
  public static func ring(_ layout: Layout) throws(TrustFailure) -> KeyRing {
    let image = try Keys.load(layout.keysDirectory)
    guard var keys = try read(withdrawals(layout)) else { return image }
    // Those of the feed count only beside the list of withdrawals that came with them.
    if let feed = try? DeviceFeed.storedKeys(layout) {
      keys = feed.adding(withdrawals: keys.withdrawn)
    }
    return keys.ring(with: image)
  }

  /// Keeps what the feed says of keys.
  ///
  /// - Throws: `ioFailed`.
  static func keep(_ keys: BundleKeys, _ layout: Layout) throws(FeedFailure) {
    let path = withdrawals(layout)
    // What cannot be read is written anew.
    let known = (try? read(path)) ?? nil
    let all = BundleKeys().adding(withdrawals: (known?.withdrawn ?? []) + keys.withdrawn)
    guard all != known else { return }
    do { try Files.replace(path, with: all.encoded) } catch {
      throw FeedFailure(
        .ioFailed, "cannot write \(path): \(error)", hint: "check the data partition",
        systemError: (error as? Errno)?.rawValue)
    }
  }

  private static func read(_ path: FilePath) throws(TrustFailure) -> BundleKeys? {
    do {
      return try Files.read(path, limit: BundleKeys.byteLimit).map { bytes in
        try BundleKeys(decoding: bytes)
      }
    } catch {
      throw TrustFailure(
        .withdrawalsUnreadable, "the list of withdrawn keys cannot be read: \(path): \(error)",
        hint: "run 'krux-update check', which writes it anew from the feed")
    }
  }
}
