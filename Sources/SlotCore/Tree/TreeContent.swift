/// What a manifest announces of an artefact of kind `tree`. What the archive brings beyond it is refused.
public struct TreeContent: Equatable, Sendable {
  /// A file that may do more than the one who starts it.
  public struct Privilege: Equatable, Sendable {
    /// From the root of the tree.
    public var path: String
    /// All twelve bits of the file's mode.
    public var mode: Int
    /// The file's attribute `security.capability` (capabilities(7)); empty for none.
    public var capability: [UInt8]

    public init(path: String, mode: Int, capability: [UInt8] = []) {
      self.path = path
      self.mode = mode
      self.capability = capability
    }
  }

  /// Restarted in this order when the tree is installed.
  public var units: [String]
  /// Files, folders and links in the archive, the root of the tree among them if the archive has it.
  public var entries: Int
  /// Bytes of all files.
  public var bytes: UInt64
  public var privileges: [Privilege]

  public init(
    units: [String] = [], entries: Int, bytes: UInt64, privileges: [Privilege] = []
  ) {
    self.units = units
    self.entries = entries
    self.bytes = bytes
    self.privileges = privileges
  }
}

/// The bounds within which a tree is believed.
public enum TreeLimits {
  /// Paths are held in memory while a tree is unpacked: about 300 bytes for each entry.
  public static let entries = 200_000
  public static let pathBytes = 3072
  public static let componentBytes = 240
  /// Folders in one another: each is an open file while a tree is walked.
  public static let depth = 64
  public static let linkBytes = 3072
  public static let units = 64
  public static let privileges = 256
  /// Of `security.capability`: the kernel's largest form has 24.
  public static let capabilityBytes = 64
}

extension TreeContent {
  var json: JSONValue {
    .object([
      "units": .strings(units), "entries": .integer(Int64(entries)),
      "bytes": .integer(Int64(bytes)),
      "privileges": privileges.isEmpty ? nil : .array(privileges.map(\.json)),
    ])
  }

  /// - Throws: what `fields` throws for a member that is missing or wrong.
  init(_ fields: JSONFields<BundleCode>, _ json: JSONValue) throws(BundleFailure) {
    self.init(
      units: try fields.strings("units", maximum: TreeLimits.units),
      entries: Int(try fields.integer("entries", in: 1...Int64(TreeLimits.entries))),
      bytes: try fields.length("bytes", maximum: BundleLimits.imageBytes),
      privileges: json["privileges"] == nil
        ? []
        : try fields.list("privileges", maximum: TreeLimits.privileges) {
          json throws(BundleFailure) in
          try Privilege(json, malformed: fields.malformed("privileges"))
        })
    guard units.allSatisfy(UnitName.isValid), Set(units).count == units.count else {
      throw fields.malformed("units")
    }
  }
}

extension TreeContent.Privilege {
  fileprivate var json: JSONValue {
    .object([
      "path": .string(path), "mode": .integer(Int64(mode)),
      "capability": capability.isEmpty ? nil : .string(Hex.encode(capability)),
    ])
  }

  fileprivate init(_ json: JSONValue, malformed: BundleFailure) throws(BundleFailure) {
    guard let path = json["path"]?.stringValue,
      (1...TreeLimits.pathBytes).contains(path.utf8.count),
      let mode = json["mode"]?.integerValue, (0...0o7777).contains(mode),
      let capability = Hex.decode(json["capability"]?.stringValue ?? ""),
      capability.count <= TreeLimits.capabilityBytes
    else { throw malformed }
    self.init(path: path, mode: Int(mode), capability: capability)
  }
}
