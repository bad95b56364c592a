internal import SlotCore

/// A folder that a publisher wants a service to run from.
public struct TreeRequest: Sendable {
  /// Of the service.
  public var name: String
  public var directory: String
  /// Restarted in this order when the tree is installed.
  public var units: [String]
  /// Files that may be set-uid or set-gid or have capabilities, from the root of the folder.
  public var privileged: Set<String>

  public init(
    name: String, directory: String, units: [String] = [], privileged: Set<String> = []
  ) {
    self.name = name
    self.directory = directory
    self.units = units
    self.privileged = privileged
  }

  /// - Throws: `invalidValue`.
  func validate(version: String) throws(RequestFailure) {
    let hint = "see 'krux-release bundle create --help'"
    guard ServiceName.isValid(name) else {
      throw RequestFailure(
        .invalidValue,
        "the service '\(name.printable)' must be 1 to 48 of a-z, 0-9, _ and -, with a letter first and"
          + " no digit behind a -", hint: hint)
    }
    guard ServiceName.isTreeVersion(version) else {
      throw RequestFailure(
        .invalidValue, "the version of a release with services must begin with a digit",
        hint: hint)
    }
    guard units.count <= TreeLimits.units, Set(units).count == units.count,
      units.allSatisfy(UnitName.isValid)
    else {
      throw RequestFailure(
        .invalidValue, "'\(units.joined(separator: ",").printable)' are no names of units",
        hint: hint)
    }
  }
}
