/// The Update Framework's metadata, by version 1.0.34 of its specification (https://theupdateframework.io).
///
/// What is read is written again with all that it had, unknown members included; `TrustedMetadata` decides what of it
/// is believed.
public enum TUF {
  /// What this project writes. What it reads has to have the same first number.
  public static let specification = "1.0.34"

  /// Names of the four top-level roles.
  public enum RoleName {
    public static let root = "root"
    public static let timestamp = "timestamp"
    public static let snapshot = "snapshot"
    public static let targets = "targets"
    static let topLevel = [root, timestamp, snapshot, targets]
  }

  /// Bounds within which metadata is believed. Bytes, where nothing else is said.
  public enum Limits {
    public static let root = 512 << 10
    public static let timestamp = 16 << 10
    public static let snapshot = 2_000_000
    public static let targets = 5_000_000
    /// New versions of the root that one refresh takes; the next one goes on.
    public static let rootRotations = 256
    /// Delegated roles that are asked for one target.
    public static let delegations = 32
    /// Versions and lengths: the largest integer that every reader of JSON agrees on.
    static let integer: Int64 = (1 << 53) - 1

    static func json(byteCount: Int) -> JSONLimits {
      JSONLimits(byteCount: byteCount, depth: 32, valueCount: 400_000)
    }
  }
}

extension Dictionary where Key == String {
  /// The value of the key that has these very bytes. Swift takes two names for the same that Unicode holds for equivalent;
  /// whoever signed one of them has not signed the other.
  public func exactly(_ key: String) -> Value? {
    guard let index = index(forKey: key), keys[index].utf8.elementsEqual(key.utf8) else {
      return nil
    }
    return values[index]
  }
}
