/// What there is to say of a feed to its publisher.
public struct FeedStatus: Equatable, Sendable {
  public struct Role: Equatable, Sendable {
    public let name: String
    /// 0 before the first publication.
    public let version: Int64
    public let issued: Timestamp?
    public let expires: Timestamp
    public let threshold: Int64
    /// Ids.
    public let keys: [String]
  }

  public struct Staged: Equatable, Sendable {
    public let name: String
    public let version: Int64
    public let expires: Timestamp
    public let missing: [MissingSignatures]
    /// Roles whose keys this one changes: what those who sign it have to look at first.
    public let keyChanges: [KeyChange]
  }

  /// The keys of a role from a publication on.
  public struct KeyChange: Equatable, Sendable {
    public let role: String
    public let threshold: Int64
    /// Ids.
    public let keys: [String]

    public init(role: String, threshold: Int64, keys: [String]) {
      self.role = role
      self.threshold = threshold
      self.keys = keys
    }
  }

  public let now: Timestamp
  public let product: String
  /// In force; before the first publication those that are staged.
  public let roles: [Role]
  public let staged: [Staged]
  public let channels: [ReleaseIndex]
  public let bundleKeys: BundleKeys
  /// A publication was cut off, and has to be finished.
  public let isTorn: Bool

  /// Days from now, 0 for what expires within a day, negative for what has expired.
  public func days(until time: Timestamp) -> Int64 {
    let seconds = time.seconds - now.seconds
    return (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
  }
}

extension FeedDraft {
  public func status() throws -> FeedStatus {
    let inForce = published == nil ? self : try self.inForce()
    let missing = try missing()
    return FeedStatus(
      now: now, product: try inForce.product(), roles: try inForce.statusOfRoles(),
      staged: try stagedNames.compactMap { name in
        guard let header = try header(name) else { return nil }
        return FeedStatus.Staged(
          name: name, version: header.version, expires: header.expires,
          missing: missing.filter { $0.role == name }, keyChanges: try keyChanges(name))
      },
      channels: try inForce.channelNames().map { try inForce.index(of: $0) },
      bundleKeys: try inForce.bundleKeys(), isTorn: published?.isTorn ?? false)
  }

  /// Without what is staged.
  public func inForce() throws -> FeedDraft {
    try FeedDraft(published: published, now: now, isClockRight: true)
  }

  private func statusOfRoles() throws -> [FeedStatus.Role] {
    let (root, targets) = (try root(), try targetsRole(TUF.RoleName.targets))
    return try allNames().compactMap { name in
      guard let role = try any(name) else { return nil }
      let keys = root.roles[name] ?? targets.delegation(to: name)?.keys
      return FeedStatus.Role(
        name: name, version: publishedVersion(name), issued: role.issued,
        expires: role.header.expires, threshold: keys?.threshold ?? 0, keys: keys?.keyIDs ?? [])
    }
  }

  /// What a staged root or targets role says of keys, and the published one does not.
  private func keyChanges(_ name: String) throws -> [FeedStatus.KeyChange] {
    let old = try FeedDraft.roleKeys(published?.envelopes[name], name)
    let new = try FeedDraft.roleKeys(staged[name], name)
    return new.keys.sorted().compactMap { role in
      guard let keys = new[role], keys != old[role] else { return nil }
      return FeedStatus.KeyChange(role: role, threshold: keys.threshold, keys: keys.keyIDs)
    }
  }

  /// By role.
  private static func roleKeys(
    _ envelope: TUF.Envelope?, _ name: String
  ) throws -> [String: TUF.RoleKeys] {
    guard let envelope else { return [:] }
    switch name {
    case TUF.RoleName.root: return try TUF.RootRole(envelope.signed, role: name).roles
    case TUF.RoleName.targets:
      let targets = try TUF.TargetsRole(envelope.signed, role: name)
      let named = targets.channelNames.compactMap { channel in
        targets.delegation(to: channel).map { (channel, $0.keys) }
      }
      return Dictionary(named) { first, _ in first }
    default: return [:]
    }
  }

  private func allNames() throws -> [String] {
    [TUF.RoleName.root, TUF.RoleName.targets] + (try channelNames())
      + [TUF.RoleName.snapshot, TUF.RoleName.timestamp]
  }

  public func stagedVersions() throws -> [(role: String, version: Int64)] {
    try stagedNames.map { ($0, try header($0)?.version ?? 0) }
  }

  /// Where the staged files stand below the feed's address once they are published.
  public func stagedPlaces() throws -> [String: [UInt8]] {
    var places: [String: [UInt8]] = [:]
    for name in stagedNames where name != TUF.RoleName.root && !FeedDraft.isDerived(name) {
      for (path, file) in try targetsRole(name).targets {
        if let bytes = stagedFiles[path] { places[file.location(path)] = bytes }
      }
    }
    return places
  }

  /// Roles of which less than a quarter of their time is left, and those that have expired.
  public func expiring() throws -> [(role: String, expires: Timestamp)] {
    try allNames().compactMap { name in
      guard let role = try any(name) else { return nil }
      let (expires, issued) = (role.header.expires, role.issued ?? now)
      let left = expires.seconds - now.seconds
      return left * 4 < expires.seconds - issued.seconds || left <= 0 ? (name, expires) : nil
    }
  }
}
