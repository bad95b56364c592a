/// The names of services and of the trees that they run from.
///
/// A service is a folder `NAME` with the link `current`, a tree the folder `NAME-VERSION` beside it. No name of a service
/// has a digit behind a hyphen and every version of a tree begins with one, so that each name of a folder is one of
/// the two, and of one service.
public enum ServiceName {
  /// Keys of the configuration's table `[services]`, where services have tables of their own.
  static let reserved: Set = ["directory", "keep-days", "restart-timeout-seconds"]

  /// 1 to 48 of `a-z 0-9 _ -`, a letter first, a letter or `_` behind each `-`.
  public static func isValid(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (1...48).contains(bytes.count), !reserved.contains(text) else { return false }
    for (index, byte) in bytes.enumerated() {
      let follows = index == 0 ? UInt8(ascii: "-") : bytes[index - 1]
      let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
      switch byte {
      case _ where isLetter: continue
      case UInt8(ascii: "0")...UInt8(ascii: "9") where follows != UInt8(ascii: "-"): continue
      case UInt8(ascii: "_") where index > 0: continue
      case UInt8(ascii: "-") where index > 0 && follows != UInt8(ascii: "-"): continue
      default: return false
      }
    }
    return bytes.last != UInt8(ascii: "-")
  }

  /// Whether a release of this version can bring trees: a name that begins with a digit.
  public static func isTreeVersion(_ version: String) -> Bool {
    guard let first = version.utf8.first else { return false }
    return (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) && Name.isValid(version)
  }

  /// The folder of a tree.
  public static func folder(_ service: String, _ version: String) -> String {
    "\(service)-\(version)"
  }

  /// The service and the version of a tree's folder; nil for any other folder.
  public static func parts(ofFolder folder: String) -> (service: String, version: String)? {
    let bytes = Array(folder.utf8)
    let hyphen = bytes.indices.dropLast().first {
      bytes[$0] == UInt8(ascii: "-")
        && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0 + 1])
    }
    guard let hyphen else { return nil }
    let service = String(decoding: bytes[..<hyphen], as: UTF8.self)
    let version = String(decoding: bytes[(hyphen + 1)...], as: UTF8.self)
    guard isValid(service), isTreeVersion(version) else { return nil }
    return (service, version)
  }
}

/// The names of systemd's units (systemd.unit(5)) that a tree may have restarted.
public enum UnitName {
  private static let types = [".service", ".socket", ".timer", ".path", ".target"]

  public static func isValid(_ text: String) -> Bool {
    guard text.utf8.count <= 255, let type = types.first(where: text.hasSuffix) else {
      return false
    }
    let stem = text.utf8.dropLast(type.utf8.count)
    guard let first = stem.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else {
      return false
    }
    return stem.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: ":-_.@\\".utf8.contains(byte)
      }
    }
  }
}
