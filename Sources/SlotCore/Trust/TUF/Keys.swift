extension TUF {
  /// A public key as metadata has it (section 4.2). Kept whatever its type; only Ed25519 counts.
  public struct Key: Equatable, Sendable {
    public let type: String
    public let scheme: String
    public let value: JSONValue
    public var others: [JSONMember] = []

    /// - Parameter publicBytes: 32 bytes (RFC 8032).
    public init(ed25519 publicBytes: [UInt8]) {
      (type, scheme) = ("ed25519", "ed25519")
      value = .object(["public": .string(Hex.encode(publicBytes))])
    }

    init(_ fields: Fields) throws(FeedFailure) {
      type = try fields.string("keytype")
      scheme = try fields.string("scheme")
      value = .object(try fields.object("keyval").members)
      others = fields.others("keytype", "scheme", "keyval")
    }

    public var json: JSONValue {
      .object(
        ["keytype": .string(type), "scheme": .string(scheme), "keyval": value], others)
    }

    /// The id that the specification gives the key: SHA-256 over its canonical form, without what is not known.
    public var id: String {
      var key = self
      key.others = []
      return Hex.encode(HashAlgorithm.sha256.digest(of: key.json.canonical ?? []))
    }

    /// Whether `id` is its id (section 4.3). Publishers make it with the members that nobody knows, or without them.
    func isIdentified(by id: String) -> Bool {
      [self.id, Hex.encode(HashAlgorithm.sha256.digest(of: json.canonical ?? []))].contains(id)
    }

    /// Nil for any other type or scheme: such a key counts as absent, as does one that verifies nothing.
    var ed25519: [UInt8]? {
      guard type == "ed25519", scheme == "ed25519" else { return nil }
      return value["public"]?.stringValue.flatMap(Hex.decode)
    }
  }

  /// Which keys sign for a role, and how many of them have to.
  public struct RoleKeys: Equatable, Sendable {
    public var keyIDs: [String]
    public var threshold: Int64
    public var others: [JSONMember] = []

    public init(keyIDs: [String], threshold: Int64) {
      self.keyIDs = keyIDs
      self.threshold = threshold
    }

    init(_ fields: Fields) throws(FeedFailure) {
      keyIDs = try fields.strings("keyids")
      guard Set(keyIDs).count == keyIDs.count else { throw fields.wrong("keyids") }
      threshold = try fields.integer("threshold", from: 1)
      others = fields.others("keyids", "threshold")
    }

    var members: KeyValuePairs<String, JSONValue?> {
      ["keyids": .strings(keyIDs), "threshold": .integer(threshold)]
    }
    public var json: JSONValue { .object(members, others) }
  }

  /// Those who may sign for a role, by the word of the role that delegates to it.
  public struct Signers: Equatable, Sendable {
    let threshold: Int64
    /// Public keys of Ed25519, by the id that the delegating role gives them. A key under an id that is not its own counts
    /// as absent. One key can have two that are: keys are told apart by their bytes.
    let keys: [String: [UInt8]]

    init(_ role: RoleKeys, of all: [String: Key]) {
      threshold = role.threshold
      var keys: [String: [UInt8]] = [:]
      for id in role.keyIDs {
        guard let key = all[id], key.isIdentified(by: id) else { continue }
        keys[id] = key.ed25519
      }
      self.keys = keys
    }

    var publicKeys: Set<[UInt8]> { Set(keys.values) }

    /// Whether as many different keys as it takes have signed.
    func haveSigned(_ message: [UInt8], _ signatures: [EnvelopeSignature]) -> Bool {
      var signed: Set<[UInt8]> = []
      for signature in signatures {
        guard let key = keys[signature.keyID], let bytes = Hex.decode(signature.hex),
          Ed25519.isValid(bytes, of: message, key: key)
        else { continue }
        // One key counts once, under however many ids it is listed.
        signed.insert(key)
      }
      return signed.count >= threshold
    }
  }
}
