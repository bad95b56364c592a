public import SlotCore
public import SystemPackage

/// Time zones as the system has them: tzdata's files, and which of them is its own (localtime(5)).
public enum ZoneFiles {
  private static let directory: FilePath = "/usr/share/zoneinfo"

  /// - Parameter name: as `Europe/Berlin`; nil for the system's own, which is UTC where it names none.
  /// - Throws: `unknownTimeZone`.
  public static func rules(
    _ name: String?, localTime: FilePath = "/etc/localtime"
  ) throws(AutoFailure) -> TimeZoneRules {
    guard let name else {
      guard Files.exists(localTime) else { return .utc }
      return try read(localTime, name: systemName(localTime) ?? "local time")
    }
    if name == "UTC" { return .utc }
    guard ZoneName.isValid(name) else { throw unknown(name, "is no name of a time zone") }
    return try read(directory.appending(name), name: name)
  }

  private static func read(
    _ path: FilePath, name: String
  ) throws(AutoFailure) -> TimeZoneRules {
    let bytes: [UInt8]?
    do { bytes = try Files.read(path, limit: TimeZoneRules.byteLimit) } catch {
      throw unknown(name, "cannot be read: \(path): \(error)")
    }
    guard let bytes else { throw unknown(name, "is not on this system: there is no \(path)") }
    return try TimeZoneRules(file: bytes, name: name)
  }

  /// What the link leads to.
  private static func systemName(_ link: FilePath) -> String? {
    guard var path = Files.resolved(link), path.removePrefix(directory), !path.isEmpty else {
      return nil
    }
    return path.string
  }

  private static func unknown(_ name: String, _ what: String) -> AutoFailure {
    AutoFailure(
      .unknownTimeZone, "time zone \(name.printable) \(what)",
      hint: "give one that 'ls /usr/share/zoneinfo' shows, as Europe/Berlin or UTC")
  }
}
