public import SlotCore

/// A feed in memory: its roles, who signs for them, and the files that a server has of it.
///
/// Each role has a key of its own. Change what is to be changed, and `files` has it, signed.
public struct SampleFeed: Sendable {
  public static let now = Timestamp(seconds: 1_800_000_000)
  public static let later = Timestamp(seconds: now.seconds + 86_400)
  public static let past = Timestamp(seconds: now.seconds - 1)
  /// Making keys anew for each test would gain nothing.
  public static let keys = (0..<8).map { _ in SecretKey.generate() }

  public var root: TUF.RootRole
  public var timestamp: TUF.TimestampRole
  public var snapshot: TUF.SnapshotRole
  public var targets: TUF.TargetsRole
  public var delegated: [String: TUF.TargetsRole] = [:]
  /// Who signs, by role.
  public var signers: [String: [SecretKey]]
  /// Target files, by path.
  public var content: [String: [UInt8]] = [:]
  /// Whether timestamp and snapshot state lengths and hashes.
  public var statesHashes = true

  public init(expires: Timestamp = SampleFeed.later, consistentSnapshot: Bool = true) {
    let header = TUF.Header(version: 1, expires: expires)
    let names = [
      TUF.RoleName.root, TUF.RoleName.timestamp, TUF.RoleName.snapshot, TUF.RoleName.targets,
    ]
    signers = Dictionary(uniqueKeysWithValues: zip(names, SampleFeed.keys.map { [$0] }))
    root = TUF.RootRole(header, keys: [], roles: [:], consistentSnapshot: consistentSnapshot)
    timestamp = TUF.TimestampRole(header, snapshot: TUF.MetadataFile(version: 1))
    snapshot = TUF.SnapshotRole(header, meta: [:])
    targets = TUF.TargetsRole(header, targets: [:])
    for name in names { trust(signers[name] ?? [], for: name) }
  }

  /// From the next root on these keys sign for a top-level role, and as many of them have to as is said.
  public mutating func trust(_ keys: [SecretKey], for role: String, threshold: Int64 = 1) {
    let keys = keys.map(\.tufKey)
    for key in keys { root.keys[key.id] = key }
    root.roles[role] = TUF.RoleKeys(keyIDs: keys.map(\.id), threshold: threshold)
  }

  /// Adds a file to a targets role.
  public mutating func add(_ path: String, _ bytes: [UInt8], to role: String? = nil) {
    content[path] = bytes
    let file = TUF.TargetFile(
      length: Int64(bytes.count), hashes: [TUF.Hash(.sha256, of: bytes)])
    if let role { delegated[role]?.targets[path] = file } else { targets.targets[path] = file }
  }

  /// Lets the top-level targets role, or `delegator`, leave `paths` to `role`, for which `key` signs.
  public mutating func delegate(
    to role: String, paths: [String] = ["*"], key: SecretKey = SampleFeed.keys[4],
    isTerminating: Bool = false, by delegator: String? = nil
  ) {
    let entry = TUF.DelegatedRole(
      name: role, keys: TUF.RoleKeys(keyIDs: [key.tufKey.id], threshold: 1),
      paths: .patterns(paths), isTerminating: isTerminating)
    var own = delegator.map { delegated[$0] ?? targets } ?? targets
    if case .named(let roles)? = own.delegations?.roles {
      own.delegations?.roles = .named(roles + [entry])
    } else {
      own.delegations = TUF.Delegations(keys: [], roles: .named([entry]))
    }
    own.delegations?.keys[key.tufKey.id] = key.tufKey
    if let delegator { delegated[delegator] = own } else { targets = own }
    signers[role] = [key]
    if delegated[role] == nil { delegated[role] = TUF.TargetsRole(targets.header, targets: [:]) }
  }

  public func changed(_ change: (inout SampleFeed) -> Void) -> SampleFeed {
    var copy = self
    change(&copy)
    return copy
  }

  // MARK: - Files

  public func signed(_ role: some TUF.RoleMetadata, as name: String) -> [UInt8] {
    var envelope = TUF.Envelope(role)
    for key in signers[name] ?? [] { envelope.sign(with: key) }
    return envelope.encoded
  }

  public var rootFile: [UInt8] { signed(root, as: TUF.RoleName.root) }
  public var targetsFile: [UInt8] { signed(targets, as: TUF.RoleName.targets) }

  private func listed(_ version: Int64, _ bytes: [UInt8]) -> TUF.MetadataFile {
    statesHashes
      ? TUF.MetadataFile(version: version, of: bytes) : TUF.MetadataFile(version: version)
  }

  /// The snapshot, with what it says of the targets roles brought up to date where nothing is said yet.
  public var listedSnapshot: TUF.SnapshotRole {
    var snapshot = snapshot
    for (name, role) in delegated.merging([TUF.RoleName.targets: targets], uniquingKeysWith: { $1 })
    where snapshot.meta["\(name).json"] == nil {
      snapshot.meta["\(name).json"] = listed(role.header.version, signed(role, as: name))
    }
    return snapshot
  }

  public var snapshotFile: [UInt8] { signed(listedSnapshot, as: TUF.RoleName.snapshot) }

  /// The timestamp, with what it says of the snapshot brought up to date.
  public var listedTimestamp: TUF.TimestampRole {
    var timestamp = timestamp
    timestamp.snapshot = listed(snapshot.header.version, snapshotFile)
    return timestamp
  }

  public var timestampFile: [UInt8] { signed(listedTimestamp, as: TUF.RoleName.timestamp) }

  /// What a server has of the metadata, by name.
  public var metadataFiles: [String: [UInt8]] {
    func name(_ role: String, _ version: Int64) -> String {
      let encoded = PercentEncoding.component(role)
      return root.consistentSnapshot ? "\(version).\(encoded).json" : "\(encoded).json"
    }
    var files = [
      "\(root.header.version).root.json": rootFile, "timestamp.json": timestampFile,
      name(TUF.RoleName.snapshot, snapshot.header.version): snapshotFile,
      name(TUF.RoleName.targets, targets.header.version): targetsFile,
    ]
    for (role, targets) in delegated {
      files[name(role, targets.header.version)] = signed(targets, as: role)
    }
    return files
  }

  /// What a server has of the targets, by path, each under the name that begins with its hash.
  public var targetFiles: [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for (path, bytes) in content {
      let parts = path.split(separator: "/")
      let hash = root.consistentSnapshot ? TUF.Hash(.sha256, of: bytes).hex + "." : ""
      files[(parts.dropLast() + ["\(hash)\(parts.last ?? "")"]).joined(separator: "/")] = bytes
    }
    return files
  }

  /// A new version of everything but the root, and of that too where it is to be.
  public func next(root isRoot: Bool = false) -> SampleFeed {
    changed {
      if isRoot { $0.root.header.version += 1 }
      $0.timestamp.header.version += 1
      $0.snapshot.header.version += 1
      $0.targets.header.version += 1
    }
  }
}

extension SecretKey {
  public var tufKey: TUF.Key { TUF.Key(ed25519: publicKey.key) }
}
