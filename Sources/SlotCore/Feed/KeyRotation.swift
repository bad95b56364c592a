/// A change of the keys that sign for a role.
public struct KeyRotation: Sendable {
  public var added: [PublicKey]
  /// Ids as `feed status` prints them, or their first digits.
  public var removed: [String]
  /// Nil leaves it as it is.
  public var threshold: Int64?

  public init(added: [PublicKey] = [], removed: [String] = [], threshold: Int64? = nil) {
    self.added = added
    self.removed = removed
    self.threshold = threshold
  }

  /// Digits of an id that are enough to name a key.
  private static let idDigits = 8

  /// - Parameter keys: those of all roles of the same delegator.
  /// - Throws: `unknownKey`, `keyExists`, `tooFewKeys`, `invalidValue`.
  func applied(
    to role: TUF.RoleKeys, _ name: String, keys: inout [String: TUF.Key]
  ) throws(PublicationFailure) -> TUF.RoleKeys {
    var next = role
    for text in removed {
      let id = try id(text, in: role, name)
      next.keyIDs.removeAll { $0 == id }
    }
    for key in added.map({ TUF.Key(ed25519: $0.key) }) {
      let isThere = next.keyIDs.contains { keys[$0]?.ed25519 == key.ed25519 }
      guard !isThere else {
        throw PublicationFailure(
          .keyExists,
          "the key \(key.id.prefix(KeyRotation.idDigits)) signs for \(name.printable) already",
          hint: "give the public half of another key with --add")
      }
      next.keyIDs.append(key.id)
      keys[key.id] = key
    }
    next.threshold = threshold ?? role.threshold
    guard next != role else {
      throw PublicationFailure(
        .invalidValue, "nothing would change", hint: "give --add, --remove or --threshold")
    }
    try next.requireEnough(name)
    return next
  }

  private func id(
    _ text: String, in role: TUF.RoleKeys, _ name: String
  ) throws(PublicationFailure) -> String {
    let found = role.keyIDs.filter { $0.hasPrefix(text.lowercased()) }
    guard found.count == 1, text.utf8.count >= KeyRotation.idDigits else {
      throw PublicationFailure(
        .unknownKey, "'\(text.printable)' names no key that signs for \(name.printable)",
        hint: "'krux-release feed status' prints the ids; their first 8 digits are enough")
    }
    return found[0]
  }
}

extension FeedDraft {
  /// Changes the keys of a role, where they stand: in the root, or for a channel in the top-level targets role.
  ///
  /// - Throws: `unknownRole`, `unknownKey`, `keyExists`, `tooFewKeys`, `invalidValue`.
  public mutating func rotate(_ name: String, _ rotation: KeyRotation) throws {
    if TUF.RoleName.topLevel.contains(name) {
      var root = try root()
      let old = root.roles[name] ?? TUF.RoleKeys(keyIDs: [], threshold: 1)
      root.roles[name] = try rotation.applied(to: old, name, keys: &root.keys)
      let used = Set(root.roles.values.flatMap(\.keyIDs))
      root.keys = root.keys.filter { used.contains($0.key) }
      return try stage(TUF.RoleName.root, root)
    }
    var targets = try targetsRole(TUF.RoleName.targets)
    guard var delegations = targets.delegations, case .named(var roles) = delegations.roles,
      let place = roles.firstIndex(where: { $0.name == name })
    else {
      throw PublicationFailure(
        .unknownRole, "the feed has no role '\(name.printable)'",
        hint: "'krux-release feed status' lists the roles")
    }
    roles[place].keys = try rotation.applied(to: roles[place].keys, name, keys: &delegations.keys)
    let used = Set(roles.flatMap(\.keys.keyIDs))
    delegations.keys = delegations.keys.filter { used.contains($0.key) }
    delegations.roles = .named(roles)
    targets.delegations = delegations
    try stage(TUF.RoleName.targets, targets)
  }
}
