extension TUF {
  /// What a timestamp or a snapshot says of another role's file (METAFILES, section 4.4).
  public struct MetadataFile: Equatable, Sendable {
    public var version: Int64
    /// Bytes; nil when it is not said.
    public var length: Int64?
    /// Empty when they are not said.
    public var hashes: [Hash]
    public var others: [JSONMember] = []

    public init(version: Int64, length: Int64? = nil, hashes: [Hash] = []) {
      self.version = version
      self.length = length
      self.hashes = hashes
    }

    /// What there is to say of `bytes`, a role's file.
    public init(version: Int64, of bytes: [UInt8]) {
      self.init(
        version: version, length: Int64(bytes.count), hashes: [Hash(.sha256, of: bytes)])
    }

    init(_ fields: Fields) throws(FeedFailure) {
      version = try fields.integer("version", from: 1)
      length = fields["length"] == nil ? nil : try fields.integer("length", from: 0)
      hashes = try fields.hashes("hashes") ?? []
      others = fields.others("version", "length", "hashes")
    }

    public var json: JSONValue {
      .object(
        [
          "version": .integer(version), "length": length.map { .integer($0) },
          "hashes": hashes.isEmpty ? nil : hashes.json,
        ], others)
    }

    /// - Throws: `wrongLength`, `wrongHash`.
    func check(_ bytes: [UInt8], of role: String) throws(FeedFailure) {
      if let length, length != bytes.count {
        throw .refused(
          .wrongLength,
          "the feed's \(role.printable) metadata has \(bytes.count) bytes, \(length) were announced"
        )
      }
      guard hashes.isEmpty || HashCheck.matches(hashes, bytes) else {
        throw .refused(
          .wrongHash, "the feed's \(role.printable) metadata is not what was announced")
      }
    }
  }

  /// What a targets role says of one file (TARGETS, section 4.5).
  public struct TargetFile: Equatable, Sendable {
    /// Bytes.
    public var length: Int64
    public var hashes: [Hash]
    /// `custom` among them.
    public var others: [JSONMember] = []

    public init(length: Int64, hashes: [Hash], custom: JSONValue? = nil) {
      self.length = length
      self.hashes = hashes
      others = custom.map { [JSONMember("custom", $0)] } ?? []
    }

    init(_ fields: Fields) throws(FeedFailure) {
      length = try fields.integer("length", from: 0)
      guard let hashes = try fields.hashes("hashes") else { throw fields.wrong("hashes") }
      self.hashes = hashes
      others = fields.others("length", "hashes")
    }

    public var custom: JSONValue? { others.first { $0.name == "custom" }?.value }

    public var json: JSONValue {
      .object(["length": .integer(length), "hashes": hashes.json], others)
    }
  }
}
