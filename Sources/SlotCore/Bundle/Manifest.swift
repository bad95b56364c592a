/// What a publisher says and signs about a bundle. See docs/formats/bundle.md for each field.
public struct Manifest: Equatable, Sendable {
  public static let type = "krux-bundle"
  public static let format: Int64 = 1

  public var product: String
  public var version: String
  public var sequence: Int64
  /// Hardware names that may install this. Never empty.
  public var compatible: [String]
  /// The lowest sequence that may be running when this is installed.
  public var minimumSource: Int64?
  /// The lowest sequence that a device accepts once this release is confirmed.
  public var floor: Int64?
  public var created: Timestamp
  public var notes: [String]
  public var artefacts: [Artefact]
  public var tables: [TableDescription]

  /// Bytes of all tables, which stand between signatures and payload in the order of `tables`.
  public var tablesLength: UInt64 { tables.reduce(0) { $0 + $1.length } }
  /// Bytes of the payloads that belong to tables, in the order of `tables`.
  public var tablePayloadsLength: UInt64 { tables.reduce(0) { $0 + $1.payloadLength } }
  /// Bytes of the whole payload: that of tables, then that of artefacts, each in their order.
  public var payloadLength: UInt64 {
    artefacts.reduce(tablePayloadsLength) { $0 + $1.payloadLength }
  }

  public init(
    product: String, version: String, sequence: Int64, compatible: [String],
    minimumSource: Int64? = nil, floor: Int64? = nil, created: Timestamp, notes: [String] = [],
    artefacts: [Artefact], tables: [TableDescription]
  ) {
    self.product = product
    self.version = version
    self.sequence = sequence
    self.compatible = compatible
    self.minimumSource = minimumSource
    self.floor = floor
    self.created = created
    self.notes = notes
    self.artefacts = artefacts
    self.tables = tables
  }

  /// The root partition's image; none in a bundle of services alone.
  public var slotImage: Artefact? { artefacts.first { $0.kind == .slotImage } }

  /// Bytes from the start of the payload to that of `artefact`.
  public func payloadOffset(of artefact: Artefact) -> UInt64 {
    artefacts.prefix { $0.name != artefact.name }
      .reduce(tablePayloadsLength) { $0 + $1.payloadLength }
  }

  /// The frame table of `artefact`, with its offset from the start of the tables.
  public func frameTable(of artefact: Artefact) -> PlacedTable? {
    placedTables.first {
      $0.description.kind == TableDescription.frames && $0.description.artefact == artefact.name
    }
  }

  /// What rebuilds `artefact` from the image with the digest `base`.
  public func deltaTable(of artefact: Artefact, from base: Digest) -> PlacedTable? {
    placedTables.first {
      $0.description.kind == TableDescription.delta && $0.description.artefact == artefact.name
        && $0.description.base == base
    }
  }

  /// The hashes of the blocks of `artefact`.
  public func blockTable(of artefact: Artefact) -> PlacedTable? {
    placedTables.first {
      $0.description.kind == TableDescription.blocks && $0.description.artefact == artefact.name
    }
  }

  /// All tables, and where they and their payloads stand.
  public var placedTables: [PlacedTable] {
    var placed: [PlacedTable] = []
    var (offset, payloadOffset): (UInt64, UInt64) = (0, 0)
    for table in tables {
      placed.append(
        PlacedTable(description: table, offset: offset, payloadOffset: payloadOffset))
      offset += table.length
      payloadOffset += table.payloadLength
    }
    return placed
  }
}

/// A table, and where it stands.
public struct PlacedTable: Sendable {
  public let description: TableDescription
  /// Bytes from the start of the tables.
  public let offset: UInt64
  /// Bytes from the start of the payload to its own.
  public let payloadOffset: UInt64
}

/// One thing that a bundle installs.
public struct Artefact: Equatable, Sendable {
  /// Kinds that this version does not know are kept, and refused when it comes to installing them.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// A root partition.
    public static let slotImage = Kind(rawValue: "slot-image")
    /// What a service runs from: a tar archive.
    public static let tree = Kind(rawValue: "tree")
  }

  public var name: String
  public var kind: Kind
  /// Bytes of the image, a multiple of `BundleLimits.blockBytes`.
  public var length: UInt64
  /// Digest over the concatenated digests of the frames' uncompressed bytes.
  public var imageDigest: Digest
  /// Bytes of an uncompressed frame; the last one may be shorter. A power of two.
  public var frameSize: Int
  /// Bytes of this artefact's stored frames in the payload.
  public var payloadLength: UInt64
  /// Of a tree: what its archive holds.
  public var tree: TreeContent?

  public init(
    name: String, kind: Kind, length: UInt64, imageDigest: Digest, frameSize: Int,
    payloadLength: UInt64, tree: TreeContent? = nil
  ) {
    self.name = name
    self.kind = kind
    self.length = length
    self.imageDigest = imageDigest
    self.frameSize = frameSize
    self.payloadLength = payloadLength
    self.tree = tree
  }

  public var frameCount: Int {
    Int((length + UInt64(frameSize) - 1) / UInt64(frameSize))
  }
}

/// Length and digest of one table. Readers skip the kinds that they do not know.
public struct TableDescription: Equatable, Sendable {
  /// The digests, lengths and codecs of an artefact's frames.
  public static let frames = "frames"
  /// How to rebuild an artefact from an older one: see `DeltaTable`.
  public static let delta = "delta"
  /// The hashes of an artefact's blocks: see `BlockTable`.
  public static let blocks = "blocks"

  public var kind: String
  /// The name of the artefact that the table describes.
  public var artefact: String
  public var length: UInt64
  public var digest: Digest
  /// Bytes in the payload that only this table tells the use of.
  public var payloadLength: UInt64
  /// For `delta`: the image digest of the older one.
  public var base: Digest?

  public init(
    kind: String, artefact: String, length: UInt64, digest: Digest, payloadLength: UInt64 = 0,
    base: Digest? = nil
  ) {
    self.kind = kind
    self.artefact = artefact
    self.length = length
    self.digest = digest
    self.payloadLength = payloadLength
    self.base = base
  }
}
