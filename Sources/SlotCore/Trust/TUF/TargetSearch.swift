extension TUF {
  /// A targets role, and who signs for it by the word of the role that delegates to it.
  public struct Delegation: Equatable, Sendable {
    public let role: String
    public let signers: Signers

    init(role: String, signers: Signers) {
      self.role = role
      self.signers = signers
    }

    /// The root's, to the top-level targets role.
    public init(_ root: RootRole) {
      self.init(role: RoleName.targets, signers: root.signers(of: RoleName.targets))
    }
  }

  /// The search for what is said of one target: pre-order, depth first, in the order of the delegations
  /// (section 5.6.7). Each role is asked once, and no more of them than `Limits.delegations`.
  ///
  /// Whoever drives it loads the role that `next` names, has it verified, and gives it to `take`.
  public struct TargetSearch {
    public let path: String
    /// The next one stands last.
    private var open: [Delegation]
    private var asked: Set<String> = []

    public init(for path: String, from root: RootRole) {
      self.path = path
      open = [Delegation(root)]
    }

    /// The role to ask; nil when nobody is left who may speak for the path.
    public mutating func next() -> Delegation? {
      while let delegation = open.popLast() {
        guard asked.count <= Limits.delegations else { return nil }
        if asked.insert(delegation.role).inserted { return delegation }
      }
      return nil
    }

    /// What `role` says of the target. Where it says nothing, those that it delegates the path to are asked next.
    public mutating func take(_ role: TargetsRole) -> TargetFile? {
      if let file = role.targets.exactly(path) { return file }
      guard let delegations = role.delegations else { return nil }
      let (chosen, isFinal) = delegations.roles(for: path)
      if isFinal { open = [] }
      open += chosen.reversed()
      return nil
    }
  }
}

extension TUF.Delegations {
  /// Those that may speak for `path`, up to the first that terminates the search, and whether one does.
  fileprivate func roles(for path: String) -> (roles: [TUF.Delegation], isFinal: Bool) {
    switch roles {
    case .bins(let bins):
      return ([delegation(bins.role(for: path), bins.keys)], true)
    case .named(let roles):
      let matching = roles.filter { $0.isTrusted(with: path) }
      let end = matching.firstIndex(where: \.isTerminating)
      let asked = end.map { matching[...$0] } ?? matching[...]
      return (asked.map { delegation($0.name, $0.keys) }, end != nil)
    }
  }

  private func delegation(_ name: String, _ keys: TUF.RoleKeys) -> TUF.Delegation {
    TUF.Delegation(role: name, signers: TUF.Signers(keys, of: self.keys))
  }
}
