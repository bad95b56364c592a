/// A whole feed as a client finds it: every role, and the files of this project that the roles vouch for.
///
/// Everything is verified on the way, with the same code as on a device. Only expiry does not count: a publisher has to be
/// able to renew what has expired.
public struct FeedContent: Sendable {
  /// The bytes of a file by its path below the feed's address; nil when there is none.
  public typealias Reader = (String) throws -> [UInt8]?

  public let root: TUF.RootRole
  public let timestamp: TUF.TimestampRole
  public let snapshot: TUF.SnapshotRole
  public let targets: TUF.TargetsRole
  /// By name.
  public let channels: [String: TUF.TargetsRole]
  /// The files of all roles, by name.
  public let envelopes: [String: TUF.Envelope]
  /// What the targets roles vouch for, by path.
  public let files: [String: [UInt8]]
  /// A publication was cut off between a root and what it asks for: the rest is signed by the keys of the root before.
  public let isTorn: Bool

  /// Walks from the first root to the last that is there, and on to every target.
  ///
  /// - Parameter rootLimit: the last version of the root to look at.
  /// - Throws: `FeedFailure`; `noFeed` when there is no root at all.
  public init(rootLimit: Int64 = .max, _ read: @escaping Reader) throws {
    let walk = try FeedWalk(rootLimit: rootLimit, read)
    try self.init(walk, root: walk.trusted.root, isTorn: false)
  }

  /// The same, for whoever can finish a publication that was cut off.
  public init(orTorn read: @escaping Reader) throws {
    let walk = try FeedWalk(rootLimit: .max, read)
    let root = walk.trusted.root
    do { try self.init(walk, root: root, isTorn: false) } catch let error as FeedFailure {
      guard error.code == .belowThreshold, root.header.version > 1 else { throw error }
      let before = try FeedWalk(rootLimit: root.header.version - 1, read)
      before.envelopes[TUF.RoleName.root] = walk.envelopes[TUF.RoleName.root]
      try self.init(before, root: root, isTorn: true)
    }
  }

  private init(_ walk: FeedWalk, root: TUF.RootRole, isTorn: Bool) throws {
    self.root = root
    self.isTorn = isTorn
    (timestamp, snapshot) = try walk.chain()
    targets = try walk.role(TUF.Delegation(walk.trusted.root))
    var files: [String: [UInt8]] = [:]
    var channels: [String: TUF.TargetsRole] = [:]
    for path in targets.targets.keys { files[path] = try walk.file(path) }
    for name in targets.channelNames {
      let path = ReleaseIndex.target(of: name)
      files[path] = try walk.file(path)
      channels[name] = walk.roles[name]
    }
    self.channels = channels
    self.files = files
    envelopes = walk.envelopes
  }

  public static func metadata(_ name: String) -> String { "metadata/\(name).json" }

  static func versioned(_ role: String, _ version: Int64) -> String {
    metadata("\(version).\(role)")
  }
}

extension TUF.TargetsRole {
  /// The roles that the top-level targets role delegates to, in the order of their names.
  var channelNames: [String] {
    guard case .named(let roles)? = delegations?.roles else { return [] }
    return roles.map(\.name).sorted()
  }

  func delegation(to name: String) -> TUF.DelegatedRole? {
    guard case .named(let roles)? = delegations?.roles else { return nil }
    return roles.first { $0.name == name }
  }

  /// Nobody for a role that it does not delegate to.
  func signers(of name: String) -> TUF.Signers {
    TUF.Signers(
      delegation(to: name)?.keys ?? TUF.RoleKeys(keyIDs: [], threshold: 1),
      of: delegations?.keys ?? [:])
  }
}

extension TUF.TargetFile {
  init(of bytes: [UInt8]) {
    self.init(length: Int64(bytes.count), hashes: [TUF.Hash(.sha256, of: bytes)])
  }

  func isOf(_ bytes: [UInt8]) -> Bool {
    length == Int64(bytes.count) && TUF.HashCheck.matches(hashes, bytes)
  }

  /// Where a client asks for it, below the feed's targets: with its first hash in front of the name.
  func location(_ path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let folder = parts.dropLast().map { "\($0)/" }.joined()
    return "targets/\(folder)\(hashes.first?.hex ?? "").\(parts.last ?? "")"
  }
}

/// What was read and verified on the way.
private final class FeedWalk {
  private let read: FeedContent.Reader
  private(set) var trusted: TrustedMetadata
  private(set) var roles: [String: TUF.TargetsRole] = [:]
  var envelopes: [String: TUF.Envelope] = [:]

  init(rootLimit: Int64, _ read: @escaping FeedContent.Reader) throws {
    self.read = read
    guard let first = try read(FeedContent.versioned(TUF.RoleName.root, 1)) else {
      throw FeedFailure(
        .noFeed, "there is no feed here: metadata/1.root.json is missing",
        hint: "make one with 'krux-release feed init', or publish what is staged")
    }
    // Before every expiry.
    trusted = try TrustedMetadata(root: first, now: nil)
    try keep(first, TUF.RoleName.root, TUF.Limits.root)
    while trusted.root.header.version < rootLimit,
      let next = try read(
        FeedContent.versioned(TUF.RoleName.root, trusted.root.header.version + 1))
    {
      _ = try trusted.update(root: next)
      try keep(next, TUF.RoleName.root, TUF.Limits.root)
    }
  }

  func chain() throws -> (TUF.TimestampRole, TUF.SnapshotRole) {
    let timestamp = try bytes(
      FeedContent.metadata(TUF.RoleName.timestamp), TUF.RoleName.timestamp, TUF.Limits.timestamp)
    _ = try trusted.update(timestamp: timestamp)
    let version = try trusted.listedSnapshot().version
    let snapshot = try bytes(
      FeedContent.versioned(TUF.RoleName.snapshot, version), TUF.RoleName.snapshot,
      TUF.Limits.snapshot)
    try trusted.update(snapshot: snapshot)
    guard let timestamp = trusted.timestamp, let snapshot = trusted.snapshot else {
      throw FeedFailure.malformed(TUF.RoleName.timestamp, "nothing is trusted")
    }
    return (timestamp, snapshot)
  }

  func role(_ delegation: TUF.Delegation) throws -> TUF.TargetsRole {
    if let known = roles[delegation.role] { return known }
    let version = try trusted.listed(delegation.role).version
    let content = try bytes(
      FeedContent.versioned(delegation.role, version), delegation.role, TUF.Limits.targets)
    let role = try trusted.verified(content, delegation)
    roles[delegation.role] = role
    return role
  }

  /// The file `path`, by the word of whoever a client would ask for it.
  func file(_ path: String) throws -> [UInt8] {
    var search = TUF.TargetSearch(for: path, from: trusted.root)
    while let delegation = search.next() {
      guard let file = search.take(try role(delegation)) else { continue }
      guard let bytes = try read(file.location(path)) else { throw missing(file.location(path)) }
      guard file.isOf(bytes) else {
        throw FeedFailure(
          .wrongHash, "the feed's file \(path.printable) is not what was signed",
          hint: "restore the feed's folder from a copy")
      }
      return bytes
    }
    throw FeedFailure(
      .noTarget, "the feed's metadata do not vouch for \(path.printable)",
      hint: "restore the feed's folder from a copy, or stage the role again")
  }

  private func bytes(_ path: String, _ role: String, _ limit: Int) throws -> [UInt8] {
    guard let bytes = try read(path) else { throw missing(path) }
    try keep(bytes, role, limit)
    return bytes
  }

  private func keep(_ bytes: [UInt8], _ role: String, _ limit: Int) throws {
    envelopes[role] = try TUF.Envelope(decoding: bytes, of: role, limit: limit)
  }

  private func missing(_ path: String) -> FeedFailure {
    FeedFailure(
      .ioFailed, "the feed's file \(path.printable) is missing",
      hint: "restore the feed's folder from a copy, or publish what is staged")
  }
}
