extension TUF {
  /// What every role has.
  public struct Header: Equatable, Sendable {
    public var version: Int64
    public var expires: Timestamp
    public var specification: String

    public init(version: Int64, expires: Timestamp, specification: String = TUF.specification) {
      self.version = version
      self.expires = expires
      self.specification = specification
    }

    fileprivate init(_ fields: Fields) throws(FeedFailure) {
      specification = try fields.string("spec_version")
      guard Header.isSupported(specification) else {
        throw .refused(
          .unsupportedSpecification,
          "the feed's \(fields.role.printable) metadata is of version \(specification.printable) of the specification, this program reads 1"
        )
      }
      version = try fields.integer("version", from: 1)
      guard let expires = Timestamp(try fields.string("expires")) else {
        throw fields.wrong("expires")
      }
      self.expires = expires
    }

    /// Two or three numbers, the first of them 1.
    private static func isSupported(_ text: String) -> Bool {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      return (2...3).contains(parts.count) && parts[0] == "1"
        && parts.allSatisfy { part in
          !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
    }
  }

  /// The signed part of one role's file.
  public protocol RoleMetadata: Equatable, Sendable {
    /// The value of `_type`.
    static var type: String { get }
    var header: Header { get set }
    /// What this version does not know, kept.
    var others: [JSONMember] { get set }
    /// The members that only this role has: their names, and what they are.
    static var memberNames: [String] { get }
    var members: KeyValuePairs<String, JSONValue?> { get }
    init(_ header: Header, _ fields: Fields) throws(FeedFailure)
  }
}

extension TUF.RoleMetadata {
  public var json: JSONValue {
    let header = JSONValue.object([
      "_type": .string(Self.type), "spec_version": .string(header.specification),
      "version": .integer(header.version), "expires": .string(header.expires.description),
    ])
    return .object((header.members ?? []) + (JSONValue.object(members, others).members ?? []))
  }

  /// - Parameter role: its name, for messages.
  /// - Throws: `malformed`, `unsupportedSpecification`.
  public init(_ signed: JSONValue, role: String) throws(FeedFailure) {
    let fields = try TUF.Fields(signed, role: role, "signed")
    guard try fields.string("_type") == Self.type else { throw fields.wrong("_type") }
    try self.init(try TUF.Header(fields), fields)
    let known = ["_type", "spec_version", "version", "expires"] + Self.memberNames
    others = fields.members.filter { !known.contains($0.name) }
  }
}

extension TUF {
  /// Who signs for the top-level roles (section 4.3).
  public struct RootRole: RoleMetadata {
    public static let type = RoleName.root
    public static let memberNames = ["keys", "roles", "consistent_snapshot"]
    public var header: Header
    public var others: [JSONMember] = []
    public var keys: [String: Key]
    /// The four top-level roles are always among them.
    public var roles: [String: RoleKeys]
    public var consistentSnapshot: Bool

    /// - Parameter keys: are filed under the ids that the specification gives them.
    public init(
      _ header: Header, keys: [Key], roles: [String: RoleKeys], consistentSnapshot: Bool = true
    ) {
      self.header = header
      self.keys = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
      self.roles = roles
      self.consistentSnapshot = consistentSnapshot
    }

    public init(_ header: Header, _ fields: Fields) throws(FeedFailure) {
      self.header = header
      keys = try fields.dictionary("keys", Key.init)
      roles = try fields.dictionary("roles", RoleKeys.init)
      consistentSnapshot = try fields.flag("consistent_snapshot")
      for name in RoleName.topLevel where roles[name] == nil { throw fields.wrong("roles") }
    }

    public var members: KeyValuePairs<String, JSONValue?> {
      [
        "keys": .dictionary(keys, \.json), "roles": .dictionary(roles, \.json),
        "consistent_snapshot": .bool(consistentSnapshot),
      ]
    }

    /// Nobody for a role that it does not name.
    public func signers(of role: String) -> Signers {
      Signers(roles[role] ?? RoleKeys(keyIDs: [], threshold: 1), of: keys)
    }
  }

  /// Which snapshot is the newest (section 4.6).
  public struct TimestampRole: RoleMetadata {
    public static let type = RoleName.timestamp
    public static let memberNames = ["meta"]
    static let snapshotFile = "snapshot.json"
    public var header: Header
    public var others: [JSONMember] = []
    public var snapshot: MetadataFile

    public init(_ header: Header, snapshot: MetadataFile) {
      self.header = header
      self.snapshot = snapshot
    }

    public init(_ header: Header, _ fields: Fields) throws(FeedFailure) {
      self.header = header
      let meta = try fields.dictionary("meta", MetadataFile.init)
      guard meta.count == 1, let snapshot = meta[TimestampRole.snapshotFile] else {
        throw fields.wrong("meta")
      }
      self.snapshot = snapshot
    }

    public var members: KeyValuePairs<String, JSONValue?> {
      ["meta": .object([TimestampRole.snapshotFile: snapshot.json])]
    }
  }

  /// Which versions of all targets roles belong together (section 4.4).
  public struct SnapshotRole: RoleMetadata {
    public static let type = RoleName.snapshot
    public static let memberNames = ["meta"]
    public var header: Header
    public var others: [JSONMember] = []
    /// By file name: the role's, and `.json`.
    public var meta: [String: MetadataFile]

    public init(_ header: Header, meta: [String: MetadataFile]) {
      self.header = header
      self.meta = meta
    }

    public init(_ header: Header, _ fields: Fields) throws(FeedFailure) {
      self.header = header
      meta = try fields.dictionary("meta", MetadataFile.init)
    }

    public var members: KeyValuePairs<String, JSONValue?> {
      ["meta": .dictionary(meta, \.json)]
    }

    public func file(of role: String) -> MetadataFile? { meta.exactly("\(role).json") }
  }

  /// Files that can be fetched, and roles that speak for more of them (section 4.5).
  public struct TargetsRole: RoleMetadata {
    public static let type = RoleName.targets
    public static let memberNames = ["targets", "delegations"]
    public var header: Header
    public var others: [JSONMember] = []
    /// By path.
    public var targets: [String: TargetFile]
    public var delegations: Delegations?

    public init(
      _ header: Header, targets: [String: TargetFile], delegations: Delegations? = nil
    ) {
      self.header = header
      self.targets = targets
      self.delegations = delegations
    }

    public init(_ header: Header, _ fields: Fields) throws(FeedFailure) {
      self.header = header
      targets = try fields.dictionary("targets", TargetFile.init)
      delegations =
        fields["delegations"] == nil ? nil : try Delegations(try fields.object("delegations"))
    }

    public var members: KeyValuePairs<String, JSONValue?> {
      ["targets": .dictionary(targets, \.json), "delegations": delegations?.json]
    }
  }
}
