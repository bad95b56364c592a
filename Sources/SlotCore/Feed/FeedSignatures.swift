/// Signatures that a staged role does not have yet.
public struct MissingSignatures: Equatable, Sendable {
  public let role: String
  public let version: Int64
  /// Whether it is the keys of the root before that have to sign a new root, beside its own.
  public let byRootBefore: Bool
  public let have: Int
  public let threshold: Int64
  /// Those of the keys that have not signed, by their ids.
  public let keyIDs: [String]
}

extension FeedDraft {
  /// Staged roles, in the order in which they depend on each other.
  public var stagedNames: [String] {
    let top = [TUF.RoleName.root, TUF.RoleName.targets]
    let derived = [TUF.RoleName.snapshot, TUF.RoleName.timestamp]
    let channels = staged.keys.filter { !top.contains($0) && !derived.contains($0) }.sorted()
    return (top + channels + derived).filter { staged[$0] != nil }
  }

  /// Who has to sign a staged role: for a root those of the one before, too (section 6.1 of the specification).
  private func required(_ name: String) throws -> [(signers: TUF.Signers, isBefore: Bool)] {
    let root = try root()
    switch name {
    case TUF.RoleName.root:
      let before = published.map { ($0.root.signers(of: name), true) }
      return [before, (root.signers(of: name), false)].compactMap(\.self)
    case TUF.RoleName.targets, TUF.RoleName.snapshot, TUF.RoleName.timestamp:
      return [(root.signers(of: name), false)]
    default: return [(try targetsRole(TUF.RoleName.targets).signers(of: name), false)]
    }
  }

  /// Who may sign it: the keys that are being rotated out too, so that a client that has not seen the new root yet
  /// takes what is published with it.
  private func allowed(_ name: String) throws -> [TUF.Signers] {
    let before = name == TUF.RoleName.root ? nil : published?.root.signers(of: name)
    return try required(name).map(\.signers) + [before].compactMap(\.self)
  }

  /// - Throws: what another program has staged may not be metadata at all.
  public func missing() throws -> [MissingSignatures] {
    var missing: [MissingSignatures] = []
    for name in stagedNames {
      guard let envelope = staged[name], let message = envelope.message else {
        throw FeedFailure.malformed(name, "there is a number that is no integer")
      }
      for (signers, isBefore) in try required(name)
      where !signers.haveSigned(message, envelope.signatures) {
        let valid = envelope.signatures.filter { signers.haveMade($0, of: message) }
        let signed = Set(valid.map(\.keyID))
        missing.append(
          MissingSignatures(
            role: name, version: try header(name)?.version ?? 0, byRootBefore: isBefore,
            have: signed.count, threshold: signers.threshold,
            keyIDs: signers.keys.keys.filter { !signed.contains($0) }.sorted()))
      }
    }
    return missing
  }

  /// Signs what is staged, each role with those of the keys that may sign for it.
  ///
  /// - Parameter names: the roles to sign; nil for all.
  /// - Returns: the roles that each key has signed.
  @discardableResult
  public mutating func sign(
    with keys: [SecretKey], roles names: [String]? = nil
  ) throws -> [(key: SecretKey, roles: [String])] {
    for name in names ?? [] where staged[name] == nil {
      throw PublicationFailure(
        .nothingStaged, "nothing is staged for the role '\(name.printable)'",
        hint: "'krux-release feed status' lists what is staged")
    }
    return try keys.map { key in
      (key, try (names ?? stagedNames).filter { try sign($0, with: key) })
    }
  }

  /// - Returns: whether the key may sign for the role.
  private mutating func sign(_ name: String, with key: SecretKey) throws -> Bool {
    guard let message = staged[name]?.message else { return false }
    let ids = Set(try allowed(name).flatMap { $0.ids(of: key.publicKey) })
    for id in ids.sorted() {
      staged[name]?.signatures.removeAll { $0.keyID == id }
      staged[name]?.signatures.append(
        TUF.EnvelopeSignature(keyID: id, hex: Hex.encode(key.detached(message))))
    }
    return !ids.isEmpty
  }

  /// Takes away signatures that count nowhere, as those of what was staged before somebody changed it.
  mutating func dropVoidSignatures() throws {
    for name in stagedNames {
      guard let envelope = staged[name], let message = envelope.message else { continue }
      let allowed = try allowed(name)
      staged[name]?.signatures.removeAll { signature in
        !allowed.contains { $0.haveMade(signature, of: message) }
      }
    }
  }
}

extension TUF.Signers {
  fileprivate func haveMade(_ signature: TUF.EnvelopeSignature, of message: [UInt8]) -> Bool {
    guard let key = keys[signature.keyID], let bytes = Hex.decode(signature.hex) else {
      return false
    }
    return Ed25519.isValid(bytes, of: message, key: key)
  }

  /// The ids under which `key` is listed.
  fileprivate func ids(of key: PublicKey) -> [String] {
    keys.filter { $0.value == key.key }.map(\.key)
  }
}
