internal import SlotCore

/// Metadata of a feed.
let feedTargets = [FuzzTarget(name: "feed-metadata", maximumLength: 4096, body: fuzzFeedMetadata)]

/// The input is a role's file, and behind it the kind of role. What it says is signed anew, so that what is behind the
/// signature is reached.
@Sendable private func fuzzFeedMetadata(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let kind = input.steer() & 3
  let envelope = try TUF.Envelope(decoding: input.rest, of: "fuzz", limit: 4096)
  require(
    try TUF.Envelope(decoding: envelope.encoded, of: "fuzz", limit: 1 << 20) == envelope,
    "an envelope is written as it was read")
  switch kind {
  case 0: try fuzzRoot(try role(envelope))
  case 1: try fuzzTimestamp(try role(envelope), input.rest)
  case 2: try fuzzSnapshot(try role(envelope))
  default: try fuzzTargets(try role(envelope))
  }
}

private func role<Role: TUF.RoleMetadata>(_ envelope: TUF.Envelope) throws -> Role {
  let role = try Role(envelope.signed, role: Role.type)
  require(try Role(role.json, role: Role.type) == role, "a role is written as it was read")
  return role
}

private func signed(_ role: some TUF.RoleMetadata) -> [UInt8] {
  var envelope = TUF.Envelope(role)
  envelope.sign(with: FuzzKey.key)
  return envelope.encoded
}

/// 2026-01-01
private let now = Timestamp(seconds: 1_767_225_600)

/// A root that trusts one key with everything.
private func trusted() throws -> TrustedMetadata {
  let key = TUF.Key(ed25519: FuzzKey.key.publicKey.key)
  let keys = TUF.RoleKeys(keyIDs: [key.id], threshold: 1)
  let names = [
    TUF.RoleName.root, TUF.RoleName.timestamp, TUF.RoleName.snapshot, TUF.RoleName.targets,
  ]
  let header = TUF.Header(version: 1, expires: Timestamp(seconds: now.seconds + 1))
  let root = TUF.RootRole(
    header, keys: [key], roles: Dictionary(uniqueKeysWithValues: names.map { ($0, keys) }))
  return try TrustedMetadata(root: signed(root), now: now)
}

private func fuzzRoot(_ root: TUF.RootRole) throws {
  var trusted = try trusted()
  _ = try trusted.update(root: signed(root))
  require(trusted.root.header.version == 2, "the root is the next")
  require((try? TrustedMetadata(root: signed(root), now: now)) != nil, "it is signed as it says")
}

private func fuzzTimestamp(_ timestamp: TUF.TimestampRole, _ bytes: [UInt8]) throws {
  var trusted = try trusted()
  let isSigned = (try? trusted.update(timestamp: bytes)) != nil
  require(!isSigned, "nobody signed the input")
  _ = try trusted.update(timestamp: signed(timestamp))
  require(timestamp.header.expires > now, "what has expired is not trusted")
  require(try !trusted.update(timestamp: signed(timestamp)), "the same again is not new")
}

private func fuzzSnapshot(_ snapshot: TUF.SnapshotRole) throws {
  var trusted = try trusted()
  let header = TUF.Header(version: 1, expires: Timestamp(seconds: now.seconds + 1))
  let bytes = signed(snapshot)
  let listed = TUF.MetadataFile(version: snapshot.header.version, of: bytes)
  _ = try trusted.update(timestamp: signed(TUF.TimestampRole(header, snapshot: listed)))
  try trusted.update(snapshot: bytes)
  require(trusted.hasSnapshot && snapshot.header.expires > now, "what has expired is not trusted")
}

private func fuzzTargets(_ targets: TUF.TargetsRole) throws {
  for path in ["a/b.krux", targets.targets.keys.min() ?? "x"] {
    var search = TUF.TargetSearch(for: path, from: try trusted().root)
    var count = 0
    while let delegation = search.next() {
      count += 1
      require(delegation.role == TUF.RoleName.targets || count > 1, "the top-level role is first")
      // Every role says the same here, so that delegations go round in circles.
      if search.take(targets) != nil { break }
    }
    require(count <= TUF.Limits.delegations + 1, "the search is bounded")
  }
  for file in targets.targets.values {
    let isNothing = TUF.HashCheck(file.hashes).matches()
    require(!isNothing || file.hashes.contains(where: \.isComputed), "a hash is known")
  }
}
