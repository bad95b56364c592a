/// What has to be staged besides, because of what is.
extension FeedDraft {
  /// Stages what follows from the staged root, targets and channels, and drops what does not follow any more, as when the
  /// timestamp was renewed in between. Signatures stay on what does not change.
  public mutating func settle() throws {
    let root = try root()
    let targets = TUF.RoleName.targets
    if !isSigned(targets, root.signers(of: targets)) { try renew(targets) }
    let delegating = try targetsRole(targets)
    for name in delegating.channelNames where !isSigned(name, delegating.signers(of: name)) {
      try renew(name)
    }
    try settleSnapshot(root, [targets] + delegating.channelNames)
    try settleTimestamp(root)
  }

  /// Whether a role needs no new version for its keys: it is staged, or published with enough signatures by them.
  private func isSigned(_ name: String, _ signers: TUF.Signers) -> Bool {
    if staged[name] != nil, !FeedDraft.isDerived(name) { return true }
    guard let envelope = published?.envelopes[name], let message = envelope.message else {
      return false
    }
    return signers.haveSigned(message, envelope.signatures)
  }

  private mutating func settleSnapshot(_ root: TUF.RootRole, _ names: [String]) throws {
    let name = TUF.RoleName.snapshot
    var meta = published?.snapshot.meta ?? [:]
    for role in names {
      let version = try header(role)?.version ?? 1
      if meta["\(role).json"]?.version != version {
        meta["\(role).json"] = TUF.MetadataFile(version: version)
      }
    }
    guard meta != published?.snapshot.meta || !isSigned(name, root.signers(of: name)) else {
      return unstage(name)
    }
    if let have = try stagedRole(name, as: TUF.SnapshotRole.self), have.meta == meta { return }
    try stage(name, TUF.SnapshotRole(TUF.Header(version: 1, expires: now), meta: meta))
  }

  private mutating func settleTimestamp(_ root: TUF.RootRole) throws {
    let name = TUF.RoleName.timestamp
    let isDue = staged[TUF.RoleName.snapshot] != nil || !isSigned(name, root.signers(of: name))
    guard isDue else { return unstage(name) }
    let snapshot = try currentSnapshot()
    if let have = try stagedRole(name, as: TUF.TimestampRole.self), have.snapshot == snapshot {
      return
    }
    try stage(name, TUF.TimestampRole(TUF.Header(version: 1, expires: now), snapshot: snapshot))
  }

  /// A staged snapshot or timestamp, if it is still the next one and valid.
  private func stagedRole<Role: TUF.RoleMetadata>(
    _ name: String, as type: Role.Type
  ) throws -> Role? {
    guard let envelope = staged[name] else { return nil }
    let role = try Role(envelope.signed, role: name)
    let isNext = role.header.version == publishedVersion(name) + 1
    return isNext && role.header.expires > now ? role : nil
  }

  private func currentSnapshot() throws -> TUF.MetadataFile {
    let version = try header(TUF.RoleName.snapshot)?.version ?? 1
    return TUF.MetadataFile(version: version)
  }

  /// The snapshot as it is, or a timestamp of it, anew.
  mutating func renewDerived(_ name: String) throws {
    if name == TUF.RoleName.snapshot {
      try stage(name, try role(name, as: TUF.SnapshotRole.self))
    } else {
      var timestamp = try role(name, as: TUF.TimestampRole.self)
      timestamp.snapshot = try currentSnapshot()
      try stage(name, timestamp)
    }
  }
}
