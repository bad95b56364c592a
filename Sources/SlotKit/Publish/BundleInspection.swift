public import SlotCore

/// What a bundle says of itself. Nothing of it is verified, and nothing may be decided by it.
public struct BundleInspection: Sendable {
  /// An artefact, and how many of its frames are encoded in which way.
  public struct Part: Sendable {
    public let artefact: Artefact
    public var zero = 0
    public var stored = 0
    public var zstd = 0
  }

  public let manifest: Manifest
  public let header: BundleHeader
  /// Bytes of the whole file.
  public let length: UInt64
  public let signatures: [Signature]
  /// Why the signatures cannot be listed, or that there are none.
  public let signatureProblem: String?
  public let artefacts: [Part]

  /// - Throws: `SourceFailure`, `BundleFailure` for what is too damaged to be shown.
  public init(_ path: String) throws {
    let bundle = try BundleFile(path)
    let manifest = try Manifest(decoding: bundle.manifestBytes)
    do {
      signatures = try Signature.parse(bundle.signatureBytes)
      signatureProblem = nil
    } catch {
      signatures = []
      signatureProblem = error.message
    }
    artefacts = try manifest.artefacts.filter { manifest.frameTable(of: $0) != nil }.map {
      try BundleInspection.part($0, try bundle.frames(of: $0, in: manifest))
    }
    self.manifest = manifest
    header = bundle.header
    length = bundle.length
  }

  private static func part(_ artefact: Artefact, _ table: FrameTable) throws -> Part {
    var part = Part(artefact: artefact)
    for index in 0..<table.count {
      switch table[index].codec {
      case .zero: part.zero += 1
      case .stored: part.stored += 1
      case .zstd: part.zstd += 1
      }
    }
    return part
  }

  /// Format 1 of `bundle inspect --json`: see docs/formats/bundle.md.
  public var json: JSONValue {
    .object([
      "type": .string("bundle-inspection"), "format": .integer(1), "verified": .bool(false),
      "length": .integer(Int64(length)),
      "header": .object([
        "manifestLength": .integer(Int64(header.manifestLength)),
        "signaturesLength": .integer(Int64(header.signaturesLength)),
        "tablesLength": .integer(Int64(header.tablesLength)),
      ]),
      "manifest": try? JSONParser.parse(manifest.encoded, limits: BundleLimits.json),
      "signatures": .array(signatures.map(BundleInspection.json)),
      "signatureProblem": signatureProblem.json,
      "frames": .array(artefacts.map(BundleInspection.json)),
    ])
  }

  private static func json(_ signature: Signature) -> JSONValue {
    .object([
      "keyID": .string("\(signature.keyID)"),
      "trustedComment": .string(signature.trustedComment),
    ])
  }

  private static func json(_ part: Part) -> JSONValue {
    .object([
      "artefact": .string(part.artefact.name), "zero": .integer(Int64(part.zero)),
      "stored": .integer(Int64(part.stored)), "zstd": .integer(Int64(part.zstd)),
    ])
  }
}
