internal import CSodium

/// An Ed25519 secret key in minisign's file format, with or without a password.
public struct SecretKey: Sendable {
  public let id: KeyID
  /// libsodium's 64 bytes: seed, then public key.
  private let key: [UInt8]

  private static let fileBytes = 158
  private static let algorithm = Array("Ed".utf8)
  private static let checksumAlgorithm = Array("B2".utf8)
  private static let scrypt = Array("Sc".utf8)
  /// What a password may cost at most when a key file is read: libsodium's "sensitive".
  private static let maximumOperations = UInt64(33_554_432)
  private static let maximumMemory = UInt64(1 << 30)

  /// A new key: `crypto_sign_keypair(3)` and a random id.
  public static func generate() -> SecretKey {
    var id = [UInt8](repeating: 0, count: 8)
    randombytes_buf(&id, id.count)
    var publicBytes = [UInt8](repeating: 0, count: 32)
    var secretBytes = [UInt8](repeating: 0, count: 64)
    crypto_sign_keypair(&publicBytes, &secretBytes)
    return SecretKey(id: id, key: secretBytes)
  }

  /// The key that a seed of 32 bytes makes: `crypto_sign_seed_keypair(3)`. `id` makes its id from the public half.
  init(seed: [UInt8], id: ([UInt8]) -> KeyID) {
    var publicBytes = [UInt8](repeating: 0, count: 32)
    var secretBytes = [UInt8](repeating: 0, count: 64)
    crypto_sign_seed_keypair(&publicBytes, &secretBytes, seed)
    self.init(id: id(publicBytes).bytes, key: secretBytes)
  }

  private init(id: [UInt8], key: [UInt8]) {
    self.id = KeyID(bytes: id) ?? SecretKey.noID
    self.key = key
  }

  private static let noID = KeyID(bytes: [UInt8](repeating: 0, count: 8)).unsafelyUnwrapped

  public var publicKey: PublicKey {
    PublicKey(id: id, key: Array(key[32...])).unsafelyUnwrapped
  }

  /// The 32 bytes that the key is made of.
  var seed: [UInt8] { Array(key.prefix(32)) }

  /// Whether the file holds a key that needs a password.
  public static func needsPassword(file text: String) throws(TrustFailure) -> Bool {
    Array(try decode(text)[2..<4]) != [0, 0]
  }

  /// Reads a secret-key file.
  ///
  /// Layout: algorithm (2), key derivation (2), checksum algorithm (2), salt (32), operations (8), memory
  /// (8), then, XORed with the password's stream: key id (8), key (64), checksum (32).
  ///
  /// - Throws: `malformedKey`, `wrongPassword`.
  public init(file text: String, password: [UInt8]?) throws(TrustFailure) {
    let bytes = try SecretKey.decode(text)
    var secret = Array(bytes[54...])
    let derivation = Array(bytes[2..<4])
    if derivation == SecretKey.scrypt {
      let stream = try SecretKey.stream(
        password: password ?? [], salt: Array(bytes[6..<38]),
        operations: LittleEndian.decode(bytes, at: 38), memory: LittleEndian.decode(bytes, at: 46))
      for index in secret.indices { secret[index] ^= stream[index] }
    } else if derivation != [0, 0] {
      throw SecretKey.malformed
    }
    let (id, key) = (Array(secret[0..<8]), Array(secret[8..<72]))
    let sum = Array(secret[72...])
    // 'minisign -G -W' leaves the checksum of an unencrypted key at zeros.
    let unused = derivation != SecretKey.scrypt && sum.allSatisfy { $0 == 0 }
    guard unused || sum == SecretKey.checksum(id: id, key: key) else {
      throw derivation == SecretKey.scrypt
        ? TrustFailure(.wrongPassword, "wrong password for the secret key")
        : SecretKey.malformed
    }
    self.init(id: id, key: key)
  }

  private static func decode(_ text: String) throws(TrustFailure) -> [UInt8] {
    let lines = text.split(whereSeparator: \.isNewline).map(\.trimmed)
    guard lines.count == 2, lines[0].hasPrefix(SignatureText.untrustedPrefix),
      let bytes = Base64.decode(lines[1]), bytes.count == fileBytes,
      Array(bytes[0..<2]) == algorithm, Array(bytes[4..<6]) == checksumAlgorithm
    else { throw malformed }
    return bytes
  }

  private static var malformed: TrustFailure {
    TrustFailure(
      .malformedKey, "not a minisign secret key",
      hint: "make one with 'krux-release keygen' or 'minisign -G'")
  }

  private static func checksum(id: [UInt8], key: [UInt8]) -> [UInt8] {
    Digest(of: algorithm + id + key).bytes
  }

  /// `crypto_pwhash_scryptsalsa208sha256(3)`, as minisign calls it.
  private static func stream(
    password: [UInt8], salt: [UInt8], operations: UInt64, memory: UInt64
  ) throws(TrustFailure) -> [UInt8] {
    guard operations <= maximumOperations, memory <= maximumMemory else { throw malformed }
    var stream = [UInt8](repeating: 0, count: 104)
    let characters = password.map { CChar(bitPattern: $0) }
    let status = crypto_pwhash_scryptsalsa208sha256(
      &stream, UInt64(stream.count), characters, UInt64(characters.count), salt, operations,
      Int(memory))
    guard status == 0 else { throw TrustFailure(.malformedKey, "not enough memory for the key") }
    return stream
  }

  /// The file's text. With a password the key is encrypted at the cost that minisign uses.
  public func file(password: [UInt8]?) throws(TrustFailure) -> String {
    var secret = id.bytes + key + SecretKey.checksum(id: id.bytes, key: key)
    var salt = [UInt8](repeating: 0, count: 32)
    var (operations, memory) = (UInt64(0), UInt64(0))
    if let password {
      randombytes_buf(&salt, salt.count)
      (operations, memory) = (SecretKey.maximumOperations, SecretKey.maximumMemory)
      let stream = try SecretKey.stream(
        password: password, salt: salt, operations: operations, memory: memory)
      for index in secret.indices { secret[index] ^= stream[index] }
    }
    let bytes =
      SecretKey.algorithm + (password == nil ? [0, 0] : SecretKey.scrypt)
      + SecretKey.checksumAlgorithm + salt + LittleEndian.encode(operations)
      + LittleEndian.encode(memory) + secret
    let kind = password == nil ? "minisign unencrypted secret key" : "minisign encrypted secret key"
    return "\(SignatureText.untrustedPrefix)\(kind)\n\(Base64.encode(bytes))\n"
  }

  /// Signs `message` in the prehashed form. Ed25519 is deterministic: same input, same bytes.
  public func sign(_ message: [UInt8], trustedComment: String) -> Signature {
    let signature = detached(Signature.prehash(message))
    return Signature(
      keyID: id, signature: signature, trustedComment: trustedComment,
      globalSignature: detached(signature + Array(trustedComment.utf8)),
      untrustedComment: "signature from krux-release")
  }

  /// The bare Ed25519 signature of `message`, 64 bytes, as metadata of a feed has it: `crypto_sign_detached(3)`.
  public func detached(_ message: [UInt8]) -> [UInt8] {
    var signature = [UInt8](repeating: 0, count: 64)
    crypto_sign_detached(&signature, nil, message, UInt64(message.count), key)
    return signature
  }
}
