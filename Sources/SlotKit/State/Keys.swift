public import SlotCore
public import SystemPackage

/// The public keys that an image brings.
public enum Keys {
  /// Every `*.pub` in `directory`, in the order of their names. A file that is no key is an error that names
  /// it: a ring that silently shrinks is found out too late.
  ///
  /// - Throws: `malformedKey`.
  public static func load(_ directory: FilePath) throws(TrustFailure) -> KeyRing {
    var keys: [PublicKey] = []
    for name in Files.names(in: directory) where name.hasSuffix(".pub") {
      keys.append(try key(directory.appending(name)))
    }
    return KeyRing(keys)
  }

  /// - Throws: `malformedKey`.
  public static func key(_ path: FilePath) throws(TrustFailure) -> PublicKey {
    guard let text = Files.text(path, limit: 4096) else {
      throw TrustFailure(
        .malformedKey, "cannot read the public key \(path)", hint: "check the file")
    }
    do { return try PublicKey(file: text) } catch {
      throw TrustFailure(.malformedKey, "\(path): \(error.message)", hint: error.hint)
    }
  }
}
