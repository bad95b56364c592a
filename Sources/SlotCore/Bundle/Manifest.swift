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
  /// Bytes of the payload, in the order of `artefacts`.
  public var payloadLength: UInt64 { artefacts.reduce(0) { $0 + $1.payloadLength } }

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

  /// The root partition's image, which every bundle of format 1 has exactly once.
  public var slotImage: Artefact? { artefacts.first { $0.kind == .slotImage } }

  /// The frame table of `artefact`, with its offset from the start of the tables.
  public func frameTable(of artefact: Artefact) -> (description: TableDescription, offset: UInt64)?
  {
    var offset: UInt64 = 0
    for table in tables {
      if table.kind == TableDescription.frames, table.artefact == artefact.name {
        return (table, offset)
      }
      offset += table.length
    }
    return nil
  }
}

/// One thing that a bundle installs.
public struct Artefact: Equatable, Sendable {
  /// Kinds that this version does not know are kept, and refused when it comes to installing them.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    /// A root partition.
    public static let slotImage = Kind(rawValue: "slot-image")
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

  public init(
    name: String, kind: Kind, length: UInt64, imageDigest: Digest, frameSize: Int,
    payloadLength: UInt64
  ) {
    self.name = name
    self.kind = kind
    self.length = length
    self.imageDigest = imageDigest
    self.frameSize = frameSize
    self.payloadLength = payloadLength
  }

  public var frameCount: Int {
    Int((length + UInt64(frameSize) - 1) / UInt64(frameSize))
  }
}

/// Length and digest of one table. Readers skip the kinds that they do not know.
public struct TableDescription: Equatable, Sendable {
  /// The digests, lengths and codecs of an artefact's frames.
  public static let frames = "frames"

  public var kind: String
  /// The name of the artefact that the table describes.
  public var artefact: String
  public var length: UInt64
  public var digest: Digest

  public init(kind: String, artefact: String, length: UInt64, digest: Digest) {
    self.kind = kind
    self.artefact = artefact
    self.length = length
    self.digest = digest
  }
}
