/// minisign's name for a key: eight bytes, chosen at random when the key is made.
public struct KeyID: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// Exactly eight bytes, as files store them.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 8 else { return nil }
    self.bytes = Array(bytes)
  }

  /// As `minisign` prints it: the bytes as a little-endian number in hexadecimal, without leading zeros.
  public var description: String {
    let digits = Hex.encode(bytes.reversed()).uppercased().drop { $0 == "0" }
    return digits.isEmpty ? "0" : String(digits)
  }
}

/// An Ed25519 public key in minisign's file format.
public struct PublicKey: Hashable, Sendable {
  public let id: KeyID
  /// 32 bytes (RFC 8032).
  public let key: [UInt8]

  public init?(id: KeyID, key: [UInt8]) {
    guard key.count == Ed25519.keyBytes else { return nil }
    self.id = id
    self.key = key
  }

  /// BLAKE2b-256 over the 32 bytes of the key: unlike the id, it cannot be chosen.
  public var fingerprint: Digest { Digest(of: key) }

  /// Reads a public-key file: an untrusted comment, then the base64 of `Ed`, key id and key.
  ///
  /// A file that holds only the base64 line is read too, as `minisign -P` takes it.
  ///
  /// - Throws: `malformedKey`.
  public init(file text: String) throws(TrustFailure) {
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmed }.filter { !$0.isEmpty }
    let data = lines.filter { !$0.hasPrefix(SignatureText.untrustedPrefix) }
    guard lines.count <= 2, data.count == 1, let bytes = Base64.decode(data[0]), bytes.count == 42,
      bytes.starts(with: Array("Ed".utf8)), let id = KeyID(bytes: bytes[2..<10]),
      let key = PublicKey(id: id, key: Array(bytes[10...]))
    else {
      throw TrustFailure(
        .malformedKey, "not a minisign public key",
        hint: "a public key file has two lines, as 'krux-release keygen' writes it")
    }
    self = key
  }

  public var file: String { "untrusted comment: minisign public key \(id)\n\(line)\n" }

  /// The line of base64 of its file.
  public var line: String { Base64.encode(Array("Ed".utf8) + id.bytes + key) }

  func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    Ed25519.isValid(signature, of: message, key: key)
  }
}

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  var trimmed: String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
  }
}
