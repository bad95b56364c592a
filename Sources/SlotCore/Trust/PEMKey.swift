/// Ed25519 keys in PEM (RFC 7468), as openssl and securesystemslib make them: SubjectPublicKeyInfo and unencrypted
/// PKCS #8 (RFC 8410). Each has one encoding in DER, so the bytes before the key are compared, not parsed.
public enum PEMKey {
  private static let publicLabel = "PUBLIC KEY"
  private static let secretLabel = "PRIVATE KEY"
  private static let encryptedLabel = "ENCRYPTED PRIVATE KEY"
  /// SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 32 bytes }
  private static let publicPrefix: [UInt8] = [
    0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
  ]
  /// SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING of 32 bytes } }
  private static let secretPrefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  public static func isPEM(_ text: String) -> Bool { text.hasPrefix("-----BEGIN ") }

  /// - Throws: `malformedKey`.
  public static func publicKey(_ text: String) throws(TrustFailure) -> PublicKey {
    guard let bytes = payload(text, publicLabel, publicPrefix),
      let key = PublicKey(id: id(of: bytes), key: bytes)
    else {
      throw TrustFailure(
        .malformedKey, "not the public half of an Ed25519 key",
        hint: "make a pair with 'krux-release keygen --pem' or 'openssl genpkey -algorithm ed25519'"
      )
    }
    return key
  }

  /// - Throws: `malformedKey`.
  public static func secretKey(_ text: String) throws(TrustFailure) -> SecretKey {
    if text.contains("-----BEGIN \(encryptedLabel)-----") {
      throw TrustFailure(
        .malformedKey, "secret keys in PEM are read without a password only",
        hint: "use a key of 'krux-release keygen' for one with a password")
    }
    guard let seed = payload(text, secretLabel, secretPrefix) else {
      throw TrustFailure(
        .malformedKey, "not the secret half of an Ed25519 key in PKCS #8",
        hint: "make a pair with 'krux-release keygen --pem' or 'openssl genpkey -algorithm ed25519'"
      )
    }
    return SecretKey(seed: seed) { id(of: $0) }
  }

  public static func encode(_ key: PublicKey) -> String {
    encode(publicLabel, publicPrefix + key.key)
  }

  public static func encode(_ key: SecretKey) -> String {
    encode(secretLabel, secretPrefix + key.seed)
  }

  /// The 32 bytes behind `prefix`.
  private static func payload(_ text: String, _ label: String, _ prefix: [UInt8]) -> [UInt8]? {
    let lines = text.split(whereSeparator: \.isNewline).map(\.trimmed).filter { !$0.isEmpty }
    guard lines.count > 2, lines.first == "-----BEGIN \(label)-----",
      lines.last == "-----END \(label)-----",
      let bytes = Base64.decode(lines.dropFirst().dropLast().joined()),
      bytes.count == prefix.count + 32, bytes.starts(with: prefix)
    else { return nil }
    return Array(bytes.dropFirst(prefix.count))
  }

  private static func encode(_ label: String, _ bytes: [UInt8]) -> String {
    "-----BEGIN \(label)-----\n\(Base64.encode(bytes))\n-----END \(label)-----\n"
  }

  /// A PEM file has no room for minisign's id, so one is made of the key.
  private static func id(of key: [UInt8]) -> KeyID {
    KeyID(bytes: Digest(of: key).bytes.prefix(8)).unsafelyUnwrapped
  }
}
