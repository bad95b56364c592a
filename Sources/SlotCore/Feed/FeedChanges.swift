/// What a publisher does to a feed that is there.
extension FeedDraft {
  public func index(of channel: String) throws -> ReleaseIndex {
    guard let bytes = file(ReleaseIndex.target(of: channel)) else {
      throw PublicationFailure(
        .unknownChannel, "the feed has no channel '\(channel.printable)'",
        hint: "'krux-release feed status' lists the channels")
    }
    return try ReleaseIndex(decoding: bytes)
  }

  public func bundleKeys() throws -> BundleKeys {
    try file(BundleKeys.target).map { bytes throws(FeedFailure) in
      try BundleKeys(decoding: bytes)
    } ?? BundleKeys()
  }

  /// - Throws: `tooLarge` for an index that no device would read.
  private mutating func change(
    _ channel: String, _ body: (inout ReleaseIndex) throws -> Void
  ) throws {
    var index = try index(of: channel)
    try body(&index)
    index.issued = now
    try put(index)
  }

  mutating func put(_ index: ReleaseIndex) throws {
    let bytes = index.encoded
    do { _ = try ReleaseIndex(decoding: bytes) } catch {
      throw PublicationFailure(
        .tooLarge, "devices would not read the index of channel \(index.channel): \(error.message)",
        hint: "docs/formats/feed.md has the limits")
    }
    try put(bytes, at: ReleaseIndex.target(of: index.channel), of: index.channel)
  }

  // MARK: - Releases

  /// - Parameter product: the bundle's.
  /// - Throws: `unknownChannel`, `wrongProduct`, `releaseExists`, `sequenceTaken`, `belowFloor`, `tooLarge`.
  public mutating func add(_ release: Release, product: String, to channel: String) throws {
    let own = try index(of: channel).product
    guard product == own else {
      throw PublicationFailure(
        .wrongProduct, "the bundle is for product '\(product.printable)', the feed is for '\(own)'",
        hint: "each product has a feed of its own")
    }
    for name in try channelNames() { try index(of: name).requireFree(release) }
    try change(channel) { try $0.add(release) }
  }

  /// Offers what one channel has in another one too.
  ///
  /// - Throws: as `add`; `unknownRelease`, `withdrawn`.
  public mutating func promote(
    _ version: String, from source: String, to channel: String, rollout: Rollout,
    severity: Release.Severity? = nil
  ) throws {
    let index = try index(of: source)
    for var release in try index.releases(of: version) {
      if let withdrawal = release.withdrawal {
        throw PublicationFailure(
          .withdrawn,
          "release \(version) was withdrawn from channel \(source): \(withdrawal.reason.printable)",
          hint: "promote another one")
      }
      release.released = now
      release.rollout = rollout
      release.severity = severity ?? release.severity
      try add(release, product: index.product, to: channel)
    }
  }

  /// - Parameter channel: nil for all that have the release.
  /// - Throws: `unknownChannel`, `unknownRelease`, `withdrawn`, `tooLarge`.
  public mutating func withdraw(
    _ version: String, reason: String, from channel: String? = nil
  ) throws {
    let withdrawal = Release.Withdrawal(at: now, reason: try FeedDraft.checked(reason))
    if let channel { return try change(channel) { try $0.withdraw(version, withdrawal) } }
    let having = try channelNames().filter { name in
      try index(of: name).releases.contains { $0.version == version }
    }
    guard !having.isEmpty else {
      throw PublicationFailure(
        .unknownRelease, "no channel has a release \(version.printable)",
        hint: "'krux-release feed status' lists the releases of each channel")
    }
    let open = try having.filter { name in
      try index(of: name).releases(of: version).contains { $0.withdrawal == nil }
    }
    // Where none is open, the first one says so.
    for name in open.isEmpty ? having : open {
      try change(name) { try $0.withdraw(version, withdrawal) }
    }
  }

  static func checked(_ reason: String) throws(PublicationFailure) -> String {
    guard (1...1000).contains(reason.utf8.count), reason.printable == reason else {
      throw PublicationFailure(
        .invalidValue, "the reason must be one line of at most 1000 bytes",
        hint: "devices show it to their operators")
    }
    return reason
  }

  /// - Throws: `unknownChannel`, `unknownRelease`, `takesBack`.
  public mutating func setRollout(
    of version: String, in channel: String, _ rollout: Rollout, isForced: Bool
  ) throws {
    let now = now
    try change(channel) {
      try $0.setRollout(of: version, rollout, now: now, isForced: isForced)
    }
  }

  /// - Throws: `unknownChannel`, `takesBack`, `belowFloor`, `invalidValue`.
  public mutating func setFloor(_ sequence: Int64, of channel: String, isForced: Bool) throws {
    try change(channel) { try $0.setFloor(sequence, isForced: isForced) }
  }

  // MARK: - Keys of bundles

  /// - Throws: `keyExists`, `keyWithdrawn`.
  public mutating func addBundleKey(_ key: PublicKey) throws {
    var list = try bundleKeys()
    guard !list.isWithdrawn(key) else {
      throw PublicationFailure(
        .keyWithdrawn, "the key \(key.id) was withdrawn, and devices never forget that",
        hint: "make a new one with 'krux-release keygen'")
    }
    guard !list.keys.contains(where: { $0.key == key.key }) else {
      throw PublicationFailure(
        .keyExists, "the key \(key.id) is in the list already",
        hint: "bundles can be signed with it")
    }
    list.keys.append(key)
    try put(list)
  }

  /// - Throws: `keyWithdrawn`, `invalidValue`.
  public mutating func withdrawBundleKey(_ key: PublicKey, reason: String) throws {
    var list = try bundleKeys()
    guard !list.isWithdrawn(key) else {
      throw PublicationFailure(
        .keyWithdrawn, "the key \(key.id) is withdrawn already",
        hint: "'krux-release feed status' lists the keys")
    }
    list.keys.removeAll { $0.key == key.key }
    list.withdrawn.append(.init(key: key, reason: try FeedDraft.checked(reason)))
    try put(list)
  }

  mutating func put(_ list: BundleKeys) throws {
    let bytes = list.encoded
    do { _ = try BundleKeys(decoding: bytes) } catch {
      throw PublicationFailure(
        .tooLarge, "devices would not read the list of keys: \(error.message)",
        hint: "docs/formats/feed.md has the limits")
    }
    try put(bytes, at: BundleKeys.target, of: TUF.RoleName.targets)
  }
}
