extension TUF {
  /// One entry of "signatures".
  public struct EnvelopeSignature: Equatable, Sendable {
    public var keyID: String
    /// Hexadecimal of 64 bytes, if it is Ed25519's.
    public var hex: String
    public var others: [JSONMember] = []

    public init(keyID: String, hex: String) {
      self.keyID = keyID
      self.hex = hex
    }

    fileprivate init(_ fields: Fields) throws(FeedFailure) {
      keyID = try fields.string("keyid")
      hex = try fields.string("sig")
      others = fields.others("keyid", "sig")
    }

    fileprivate var json: JSONValue {
      .object(["keyid": .string(keyID), "sig": .string(hex)], others)
    }
  }

  /// A role's file: what is signed, and by whom (section 4.2). Nothing of it is trusted.
  public struct Envelope: Equatable, Sendable {
    public let signed: JSONValue
    public var signatures: [EnvelopeSignature]
    public var others: [JSONMember] = []

    public init(_ role: some RoleMetadata, signatures: [EnvelopeSignature] = []) {
      signed = role.json
      self.signatures = signatures
    }

    /// - Parameters:
    ///   - role: its name, for messages.
    ///   - limit: bytes.
    /// - Throws: `malformed`.
    public init(decoding bytes: [UInt8], of role: String, limit: Int) throws(FeedFailure) {
      let json: JSONValue
      do { json = try JSONParser.parse(bytes, limits: Limits.json(byteCount: limit)) } catch {
        throw .malformed(role, "\(error)")
      }
      let fields = try Fields(json, role: role, "signed")
      signed = .object(try fields.object("signed").members)
      signatures = try Envelope.signatures(fields)
      others = fields.others("signed", "signatures")
    }

    private static func signatures(_ fields: Fields) throws(FeedFailure) -> [EnvelopeSignature] {
      guard let items = fields["signatures"]?.arrayValue else { throw fields.wrong("signatures") }
      var signatures: [EnvelopeSignature] = []
      for item in items {
        signatures.append(
          try EnvelopeSignature(try Fields(item, role: fields.role, "signatures")))
      }
      guard Set(signatures.map(\.keyID)).count == items.count else {
        throw fields.wrong("signatures")
      }
      return signatures
    }

    /// The bytes that are signed. Nil where there is a number that is no integer.
    public var message: [UInt8]? { signed.canonical }

    /// The file's bytes.
    public var encoded: [UInt8] {
      let json = JSONValue.object(
        ["signatures": .array(signatures.map(\.json)), "signed": signed], others)
      return Array((json.compact + "\n").utf8)
    }

    /// Adds the signature of `key` under the id that the specification gives it, in the place of an older one.
    public mutating func sign(with key: SecretKey) {
      guard let message else { return }
      let id = Key(ed25519: key.publicKey.key).id
      signatures.removeAll { $0.keyID == id }
      signatures.append(EnvelopeSignature(keyID: id, hex: Hex.encode(key.detached(message))))
    }
  }
}
