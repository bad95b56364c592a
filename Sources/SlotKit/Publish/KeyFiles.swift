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
    let secretFile = try OutputFile(besides: FilePath(secret), mode: 0o600)
    let publicFile = try OutputFile(besides: FilePath(publicPath))
    try secretFile.append(Array(try key.file(password: password).utf8))
    try publicFile.append(Array(key.publicKey.file.utf8))
    try secretFile.publish(replacing: replacing)
    do { try publicFile.publish(replacing: replacing) } catch {
      // Half a pair is of no use, and was not there before unless it was to be replaced.
      if !replacing { _ = Files.remove(FilePath(secret)) }
      throw error
    }
    return key.publicKey
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
