public import SlotCore
internal import SystemPackage

/// Key files of publishers.
public enum KeyFiles {
  /// Makes a key pair. The secret file is readable by its owner only from its first moment.
  ///
  /// - Parameter password: nil for a key without one.
  /// - Parameter replacing: whether files that exist may be replaced.
  /// - Throws: `OutputFailure`, `TrustFailure`.
  public static func generate(
    secret: String, public publicPath: String, password: [UInt8]?, replacing: Bool
  ) throws -> PublicKey {
    let key = SecretKey.generate()
    try write(
      secret, try key.file(password: password), publicPath, key.publicKey.file, replacing)
    return key.publicKey
  }

  /// The same in PEM, for roles of a feed.
  public static func generatePEM(
    secret: String, public publicPath: String, replacing: Bool
  ) throws -> PublicKey {
    let text = PEMKey.encode(SecretKey.generate())
    // As it will be read: a PEM file has no id of its own.
    let key = try PEMKey.secretKey(text)
    try write(secret, text, publicPath, PEMKey.encode(key.publicKey), replacing)
    return key.publicKey
  }

  private static func write(
    _ secret: String, _ secretText: String, _ publicPath: String, _ publicText: String,
    _ replacing: Bool
  ) throws {
    let secretFile = try OutputFile(besides: FilePath(secret), mode: 0o600)
    let publicFile = try OutputFile(besides: FilePath(publicPath))
    try secretFile.append(Array(secretText.utf8))
    try publicFile.append(Array(publicText.utf8))
    try secretFile.publish(replacing: replacing)
    do { try publicFile.publish(replacing: replacing) } catch {
      // Half a pair is of no use, and was not there before unless it was to be replaced.
      if !replacing { _ = Files.remove(FilePath(secret)) }
      throw error
    }
  }

  /// A public key for a role of a feed: minisign's, or PEM.
  ///
  /// - Throws: `SourceFailure`, `TrustFailure`.
  public static func rolePublicKey(_ path: String) throws -> PublicKey {
    let text = try InputText.text(path, limit: 4096)
    do { return try PEMKey.isPEM(text) ? PEMKey.publicKey(text) : PublicKey(file: text) } catch {
      throw TrustFailure(.malformedKey, "\(path.printable): \(error.message)", hint: error.hint)
    }
  }

  /// The secret key in a PEM file; nil for a file that is none.
  ///
  /// - Throws: `SourceFailure`, `TrustFailure`.
  public static func pemSecretKey(_ path: String) throws -> SecretKey? {
    let text = try InputText.text(path, limit: 4096)
    guard PEMKey.isPEM(text) else { return nil }
    do { return try PEMKey.secretKey(text) } catch {
      throw TrustFailure(.malformedKey, "\(path.printable): \(error.message)", hint: error.hint)
    }
  }

  /// Whether the key in the file cannot be used without a password.
  ///
  /// - Throws: `SourceFailure`, `TrustFailure`.
  public static func needsPassword(_ path: String) throws -> Bool {
    try SecretKey.needsPassword(file: try InputText.text(path, limit: 4096))
  }

  /// - Throws: `SourceFailure`, `TrustFailure`.
  public static func secretKey(_ path: String, password: [UInt8]?) throws -> SecretKey {
    try SecretKey(file: try InputText.text(path, limit: 4096), password: password)
  }

  /// A password as a file holds it: all bytes but a line end.
  public static func password(_ path: String) throws(SourceFailure) -> [UInt8] {
    var bytes = try InputText.bytes(path, limit: 4096)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    return bytes
  }
}
