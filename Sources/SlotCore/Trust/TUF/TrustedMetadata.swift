/// What is trusted of a feed, role after role: the only way from bytes to metadata that may be acted on.
///
/// Order of checks (section 5 of the specification), for what comes from outside:
///
/// 1. The length, and the hashes where a trusted role states them, before anything is parsed.
/// 2. The envelope is strict JSON within bounds, and what is signed has a canonical form.
/// 3. As many different keys as the trusted delegating role says have signed. Nothing of it is read before.
/// 4. Type, version of the specification, form. A root has to be signed as it says itself, too.
/// 5. The version: that of a root is the next; none is lower than what is trusted, here or in what it lists.
/// 6. The expiry, against one moment for the whole of a refresh. It does not count for roots that others follow, nor
///    for stored metadata as long as that only guards against older versions.
///
/// Stored metadata goes through the same, because a disk is outside too; what does not pass is as if it were not there.
public struct TrustedMetadata: Sendable {
  /// What the system's clock says; nil where expiry does not count.
  private let clock: Timestamp?
  /// When the newest of the stored targets was signed, by its own word.
  private var targetsIssued: Timestamp?
  /// What expiry is judged by: the clock, or the latest time that is proved by a signature with keys that are not online.
  public var now: Timestamp {
    [clock, root.issued, targetsIssued].compactMap(\.self).max() ?? Timestamp(seconds: .min)
  }
  public private(set) var root: TUF.RootRole
  public private(set) var timestamp: TUF.TimestampRole?
  public private(set) var snapshot: TUF.SnapshotRole?
  /// Whether the bytes of `snapshot` are those that `timestamp` lists.
  private var isSnapshotListed = false

  /// Begins with a root that is trusted already (section 5.2). It has to be signed as it says itself; that it has
  /// expired does not matter yet.
  ///
  /// - Parameter now: what the system's clock says; nil for whoever only wants to know what a feed said last.
  /// - Throws: `FeedFailure`, as all functions here.
  public init(root bytes: [UInt8], now: Timestamp?) throws(FeedFailure) {
    clock = now
    let envelope = try TUF.Envelope(
      decoding: bytes, of: TUF.RoleName.root, limit: TUF.Limits.root)
    root = try TUF.RootRole(envelope.signed, role: TUF.RoleName.root)
    try envelope.requireSigned(by: root.signers(of: TUF.RoleName.root), as: TUF.RoleName.root)
  }

  // MARK: - Root (section 5.3)

  /// Takes the next version of the root.
  ///
  /// - Returns: whether it takes trust away from a key of timestamp or snapshot. What is stored of both is void then
  ///   (5.3.11): with the key, an attacker may have raised their versions out of reach.
  public mutating func update(root bytes: [UInt8]) throws(FeedFailure) -> Bool {
    let name = TUF.RoleName.root
    guard timestamp == nil else { throw TrustedMetadata.outOfOrder(name) }
    let envelope = try TUF.Envelope(decoding: bytes, of: name, limit: TUF.Limits.root)
    try envelope.requireSigned(by: root.signers(of: name), as: name)
    let next = try TUF.RootRole(envelope.signed, role: name)
    try envelope.requireSigned(by: next.signers(of: name), as: name)
    guard next.header.version == root.header.version + 1 else {
      throw .refused(
        next.header.version <= root.header.version ? .rollback : .wrongVersion,
        "the feed's root metadata has version \(next.header.version), version \(root.header.version + 1) was asked for"
      )
    }
    let previous = root
    root = next
    return [TUF.RoleName.timestamp, TUF.RoleName.snapshot].contains { role in
      !previous.signers(of: role).publicKeys.isSubset(of: next.signers(of: role).publicKeys)
    }
  }

  /// Takes the time at which stored targets were signed, whatever else has become of them, if the root's keys for them
  /// still count.
  public mutating func believe(storedTargets bytes: [UInt8]) throws(FeedFailure) {
    let stored: TUF.TargetsRole = try load(bytes, limit: TUF.Limits.targets)
    targetsIssued = stored.issued
  }

  /// No newer root can be had: this one has to be valid now (5.3.10).
  public func requireValidRoot() throws(FeedFailure) {
    try requireValid(root, TUF.RoleName.root)
  }

  // MARK: - Timestamp (section 5.4)

  /// Takes a stored timestamp, to guard against older ones. It may have expired.
  public mutating func take(storedTimestamp bytes: [UInt8]) throws(FeedFailure) {
    timestamp = try load(bytes, limit: TUF.Limits.timestamp)
  }

  /// Takes the timestamp that the feed gives.
  ///
  /// - Returns: false when it has the version of the trusted one, which then stays.
  public mutating func update(timestamp bytes: [UInt8]) throws(FeedFailure) -> Bool {
    try requireValidRoot()
    let next: TUF.TimestampRole = try load(bytes, limit: TUF.Limits.timestamp)
    if let timestamp {
      try requireNotOlder(
        next.header.version, than: timestamp.header.version, TUF.RoleName.timestamp)
      if next.header.version == timestamp.header.version {
        try requireValid(timestamp, TUF.RoleName.timestamp)
        return false
      }
      try requireNotOlder(
        next.snapshot.version, than: timestamp.snapshot.version, TUF.RoleName.snapshot)
    }
    try requireValid(next, TUF.RoleName.timestamp)
    timestamp = next
    return true
  }

  // MARK: - Snapshot (section 5.5)

  /// Takes a stored snapshot, to guard against older versions of what it lists. It may have expired, and the timestamp
  /// may list another one by now.
  public mutating func take(storedSnapshot bytes: [UInt8]) throws(FeedFailure) {
    let timestamp = try trustedTimestamp()
    let stored: TUF.SnapshotRole = try load(bytes, limit: TUF.Limits.snapshot)
    snapshot = stored
    isSnapshotListed =
      stored.header.version == timestamp.snapshot.version && isListed(bytes, timestamp.snapshot)
  }

  private func isListed(_ bytes: [UInt8], _ file: TUF.MetadataFile) -> Bool {
    (try? file.check(bytes, of: TUF.RoleName.snapshot)) != nil
  }

  /// Whether the trusted snapshot is the one that the timestamp lists, and valid now: no other has to be fetched.
  public var hasSnapshot: Bool {
    isSnapshotListed && (snapshot.map(isValid) ?? false)
  }

  /// What the timestamp says of the snapshot to be fetched.
  public func listedSnapshot() throws(FeedFailure) -> TUF.MetadataFile {
    try trustedTimestamp().snapshot
  }

  /// Takes the snapshot that the timestamp lists.
  public mutating func update(snapshot bytes: [UInt8]) throws(FeedFailure) {
    let listed = try listedSnapshot()
    try listed.check(bytes, of: TUF.RoleName.snapshot)
    let next: TUF.SnapshotRole = try load(bytes, limit: TUF.Limits.snapshot)
    try requireVersion(next, listed, TUF.RoleName.snapshot)
    try requireNothingOlder(in: next)
    try requireValid(next, TUF.RoleName.snapshot)
    snapshot = next
    isSnapshotListed = true
  }

  /// Nothing that was listed is listed in an older version, or not at all (5.5.5).
  private func requireNothingOlder(in next: TUF.SnapshotRole) throws(FeedFailure) {
    for (name, file) in snapshot?.meta ?? [:] {
      guard let listed = next.meta[name] else {
        throw .refused(
          .rollback, "the feed's snapshot metadata does not list \(name.printable) any more")
      }
      try requireNotOlder(listed.version, than: file.version, name)
    }
  }

  // MARK: - Targets (section 5.6)

  /// What the snapshot says of a targets role.
  public func listed(_ role: String) throws(FeedFailure) -> TUF.MetadataFile {
    guard hasSnapshot, let snapshot else { throw TrustedMetadata.outOfOrder(role) }
    guard let file = snapshot.file(of: role) else {
      throw .refused(
        .notListed, "the feed's snapshot metadata does not list the role '\(role.printable)'")
    }
    return file
  }

  /// A targets role, the top-level one or another, by the word of the role that delegates to it; the same bytes have to be verified again for
  /// another one.
  public func verified(
    _ bytes: [UInt8], _ delegation: TUF.Delegation
  ) throws(FeedFailure) -> TUF.TargetsRole {
    let name = delegation.role
    let listed = try listed(name)
    try listed.check(bytes, of: name)
    let role: TUF.TargetsRole = try load(
      bytes, limit: TUF.Limits.targets, as: name, signers: delegation.signers)
    try requireVersion(role, listed, name)
    try requireValid(role, name)
    return role
  }

  // MARK: - Checks

  /// A top-level role, if the root's keys for it have signed it.
  private func load<Role: TUF.RoleMetadata>(
    _ bytes: [UInt8], limit: Int
  ) throws(FeedFailure) -> Role {
    try load(bytes, limit: limit, as: Role.type, signers: root.signers(of: Role.type))
  }

  private func load<Role: TUF.RoleMetadata>(
    _ bytes: [UInt8], limit: Int, as name: String, signers: TUF.Signers
  ) throws(FeedFailure) -> Role {
    let envelope = try TUF.Envelope(decoding: bytes, of: name, limit: limit)
    try envelope.requireSigned(by: signers, as: name)
    return try Role(envelope.signed, role: name)
  }

  private func trustedTimestamp() throws(FeedFailure) -> TUF.TimestampRole {
    guard let timestamp, isValid(timestamp) else {
      throw TrustedMetadata.outOfOrder(TUF.RoleName.snapshot)
    }
    return timestamp
  }

  private static func outOfOrder(_ role: String) -> FeedFailure {
    .refused(
      .outOfOrder, "the feed's \(role.printable) metadata cannot be judged before what lists it")
  }

  private func isValid(_ role: some TUF.RoleMetadata) -> Bool {
    clock == nil || role.header.expires > now
  }

  private func requireValid(
    _ role: some TUF.RoleMetadata, _ name: String
  ) throws(FeedFailure) {
    guard isValid(role) else {
      throw FeedFailure(
        .expired,
        "the feed's \(name.printable) metadata expired at \(role.header.expires), it is \(now)",
        hint:
          "check the clock of this device; if it is right, the feed or the way to it stands still")
    }
  }

  private func requireVersion(
    _ role: some TUF.RoleMetadata, _ listed: TUF.MetadataFile, _ name: String
  ) throws(FeedFailure) {
    guard role.header.version == listed.version else {
      throw .refused(
        .wrongVersion,
        "the feed's \(name.printable) metadata has version \(role.header.version), \(listed.version) was announced"
      )
    }
  }

  private func requireNotOlder(
    _ version: Int64, than trusted: Int64, _ name: String
  ) throws(FeedFailure) {
    guard version >= trusted else {
      throw .refused(
        .rollback,
        "the feed goes back to version \(version) of \(name.printable), version \(trusted) was there before"
      )
    }
  }
}

extension TUF.Envelope {
  fileprivate func requireSigned(
    by signers: TUF.Signers, as name: String
  ) throws(FeedFailure) {
    guard let message else {
      throw .malformed(name, "there is a number that is no integer")
    }
    guard signers.haveSigned(message, signatures) else {
      throw .refused(
        .belowThreshold,
        "the feed's \(name.printable) metadata is not signed by as many trusted keys as it takes")
    }
  }
}
