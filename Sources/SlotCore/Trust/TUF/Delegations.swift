extension TUF {
  /// What a targets role leaves to others (DELEGATIONS, section 4.5).
  public struct Delegations: Equatable, Sendable {
    public enum Roles: Equatable, Sendable {
      /// In the order in which they are asked.
      case named([DelegatedRole])
      case bins(HashBins)
    }

    public var keys: [String: Key]
    public var roles: Roles
    public var others: [JSONMember] = []

    public init(keys: [Key], roles: Roles) {
      self.keys = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
      self.roles = roles
    }

    init(_ fields: Fields) throws(FeedFailure) {
      keys = try fields.dictionary("keys", Key.init)
      switch (fields["roles"], fields["succinct_roles"]) {
      case (let items?, nil): roles = .named(try Delegations.named(items, fields))
      case (nil, .some): roles = .bins(try HashBins(try fields.object("succinct_roles")))
      default: throw fields.wrong("roles")
      }
      others = fields.others("keys", "roles", "succinct_roles")
    }

    private static func named(
      _ items: JSONValue, _ fields: Fields
    ) throws(FeedFailure) -> [DelegatedRole] {
      guard let items = items.arrayValue else { throw fields.wrong("roles") }
      var roles: [DelegatedRole] = []
      for item in items {
        roles.append(try DelegatedRole(try Fields(item, role: fields.role, "roles")))
      }
      guard Set(roles.map(\.name)).count == roles.count else { throw fields.wrong("roles") }
      return roles
    }

    public var json: JSONValue {
      let keys = JSONValue.dictionary(keys, \.json)
      return switch roles {
      case .named(let roles): .object(["keys": keys, "roles": .array(roles.map(\.json))], others)
      case .bins(let bins): .object(["keys": keys, "succinct_roles": bins.json], others)
      }
    }
  }

  /// One delegation to a role by name.
  public struct DelegatedRole: Equatable, Sendable {
    public enum Paths: Equatable, Sendable {
      case patterns([String])
      /// Of the hexadecimal SHA-256 of a path.
      case hashPrefixes([String])
    }

    public var name: String
    public var keys: RoleKeys
    public var paths: Paths
    /// No delegation after this one is asked for what this one matches.
    public var isTerminating: Bool

    public init(name: String, keys: RoleKeys, paths: Paths, isTerminating: Bool = false) {
      self.name = name
      self.keys = keys
      self.paths = paths
      self.isTerminating = isTerminating
    }

    init(_ fields: Fields) throws(FeedFailure) {
      name = try fields.string("name")
      guard !name.isEmpty, !RoleName.topLevel.contains(name) else { throw fields.wrong("name") }
      keys = try RoleKeys(fields)
      isTerminating = try fields.flag("terminating")
      switch (fields["paths"], fields["path_hash_prefixes"]) {
      case (.some, nil): paths = .patterns(try fields.strings("paths"))
      case (nil, .some): paths = .hashPrefixes(try fields.strings("path_hash_prefixes"))
      default: throw fields.wrong("paths")
      }
      keys.others = fields.others(
        "name", "keyids", "threshold", "terminating", "paths", "path_hash_prefixes")
    }

    public var json: JSONValue {
      let own: KeyValuePairs<String, JSONValue?> =
        switch paths {
        case .patterns(let patterns): ["paths": .strings(patterns)]
        case .hashPrefixes(let prefixes): ["path_hash_prefixes": .strings(prefixes)]
        }
      let head = JSONValue.object(["name": .string(name), "terminating": .bool(isTerminating)])
      let members = [head, .object(own), keys.json].compactMap(\.members)
      return .object(members.flatMap { $0 })
    }

    func isTrusted(with path: String) -> Bool {
      switch paths {
      case .patterns(let patterns): patterns.contains { PathPattern.matches($0, path) }
      case .hashPrefixes(let prefixes): PathHash.begins(path, withOneOf: prefixes)
      }
    }
  }

  /// Roles for all paths, by the first bits of each path's hash (`succinct_roles`, TAP 15).
  public struct HashBins: Equatable, Sendable {
    public var keys: RoleKeys
    /// 1 to 32: there are two to the power of it bins.
    public var bitLength: Int
    public var namePrefix: String

    public init(keys: RoleKeys, bitLength: Int, namePrefix: String) {
      self.keys = keys
      self.bitLength = min(max(bitLength, 1), 32)
      self.namePrefix = namePrefix
    }

    init(_ fields: Fields) throws(FeedFailure) {
      keys = try RoleKeys(fields)
      let bits = try fields.integer("bit_length", from: 1)
      guard bits <= 32 else { throw fields.wrong("bit_length") }
      bitLength = Int(bits)
      namePrefix = try fields.string("name_prefix")
      keys.others = fields.others("keyids", "threshold", "bit_length", "name_prefix")
    }

    public var json: JSONValue {
      let head = JSONValue.object([
        "bit_length": .integer(Int64(bitLength)), "name_prefix": .string(namePrefix),
      ])
      return .object((head.members ?? []) + (keys.json.members ?? []))
    }

    /// The name of the bin that speaks for `path`: its number in hexadecimal, as long as that of the last bin.
    public func role(for path: String) -> String {
      let number = PathHash.bytes(path).prefix(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let digits = String(number >> UInt64(32 - bitLength), radix: 16)
      let zeros = String(repeating: "0", count: max(0, (bitLength + 3) / 4 - digits.count))
      return "\(namePrefix)-\(zeros)\(digits)"
    }
  }

  /// SHA-256 of a target's path.
  enum PathHash {
    static func bytes(_ path: String) -> [UInt8] {
      HashAlgorithm.sha256.digest(of: Array(path.utf8))
    }

    static func begins(_ path: String, withOneOf prefixes: [String]) -> Bool {
      let hex = Hex.encode(bytes(path))
      return prefixes.contains { hex.hasPrefix($0.lowercased()) }
    }
  }
}
