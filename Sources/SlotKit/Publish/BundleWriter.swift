public import SlotCore
internal import SystemPackage

/// Makes a bundle: one pass over the image on all processors, with a few pieces of it in memory.
///
/// The table of frames stands before the payload, so the payload goes to a file without a name first,
/// and the bundle is put together and named when all of it is known.
public enum BundleWriter {
  private static let artefactName = "root"

  /// Writes the bundle, unsigned when `key` is nil, and returns its manifest.
  ///
  /// The same request, image and key give the same bytes.
  ///
  /// - Throws: `RequestFailure`, `SourceFailure`, `OutputFailure`.
  public static func write(_ request: BundleRequest, key: SecretKey?) throws -> Manifest {
    try request.validate()
    let output = FilePath(request.output)
    var artefacts: [EncodedArtefact] = []
    var deltas: [DeltaWriter] = []
    if let path = request.image {
      let image = try InputFile(path)
      let encoded = try EncodedArtefact(image, name: artefactName, kind: .slotImage, request)
      deltas = try request.bases.map { try delta(from: $0, to: encoded, image, request) }
      artefacts.append(encoded)
    }
    try requireDistinct(deltas, request)
    for tree in request.trees {
      let archive = try OutputFile(besides: output)
      let content = try TreeArchive.write(tree, created: request.created, to: archive)
      artefacts.append(
        try EncodedArtefact(
          try archive.input(), name: tree.name, kind: .tree, tree: content, request))
    }
    return try assemble(request, key: key, artefacts, deltas: deltas, at: output)
  }

  private static func delta(
    from base: String, to encoded: EncodedArtefact, _ image: InputFile, _ request: BundleRequest
  ) throws -> DeltaWriter {
    let length = encoded.artefact.length
    return try DeltaWriter(
      base: base, product: request.product, artefact: encoded.artefact,
      storedLengths: encoded.payload.storedLengths, blocks: try encoded.blockTable(),
      besides: FilePath(request.output),
      piece: { index in
        let start = UInt64(index) * UInt64(request.frameSize)
        return try EncodedArtefact.piece(
          of: image, at: start, count: Int(min(UInt64(request.frameSize), length - start)))
      })
  }

  private static func requireDistinct(
    _ deltas: [DeltaWriter], _ request: BundleRequest
  ) throws(RequestFailure) {
    guard Set(deltas.map(\.table.base)).count == deltas.count else {
      throw RequestFailure(
        .invalidValue, "two bases hold the same image", hint: "give each --base once")
    }
  }

  private static func assemble(
    _ request: BundleRequest, key: SecretKey?, _ artefacts: [EncodedArtefact],
    deltas: [DeltaWriter], at path: FilePath
  ) throws -> Manifest {
    let image = artefacts.first { $0.artefact.kind == .slotImage }
    let trees = artefacts.filter { $0.artefact.kind == .tree }
    let tables =
      [image?.frames].compactMap { $0 } + deltas.map(\.table)
      + [image?.blocks].compactMap { $0 } + trees.map(\.frames)
    let manifest = Manifest(
      product: request.product, version: request.version, sequence: request.sequence,
      compatible: request.compatible, minimumSource: request.minimumSource, floor: request.floor,
      created: request.created, notes: request.notes, artefacts: artefacts.map(\.artefact),
      tables: BundleLimits.fitting(tables))
    let bytes = manifest.encoded
    guard bytes.count <= BundleLimits.manifestBytes else {
      throw RequestFailure(
        .invalidValue, "the manifest would be larger than 1 MiB", hint: "shorten the notes")
    }
    // What no reader would take is not published.
    guard try Manifest(decoding: bytes) == manifest else {
      throw BundleFailure(.malformedManifest, "the manifest does not read back as it was written")
    }
    let signatures = key.map { key in
      Array(key.sign(bytes, trustedComment: manifest.trustedComment).file.utf8)
    }
    try write(bytes, signatures: signatures ?? [], manifest, artefacts, deltas, at: path)
    return manifest
  }

  private static func write(
    _ signed: [UInt8], signatures: [UInt8], _ manifest: Manifest, _ artefacts: [EncodedArtefact],
    _ deltas: [DeltaWriter], at path: FilePath
  ) throws {
    let header = BundleHeader(
      manifestLength: signed.count, signaturesLength: signatures.count,
      tablesLength: manifest.tablesLength)
    let output = try OutputFile(besides: path)
    try output.append(header.encoded + signed + signatures)
    for table in manifest.tables {
      let encoded = artefacts.first { $0.artefact.name == table.artefact }
      switch table.kind {
      case TableDescription.frames: try output.append(encoded?.payload.records ?? [])
      case TableDescription.blocks: try output.append(encoded?.payload.blockTableBytes ?? [])
      default: try output.append(deltas.first { $0.table == table }?.tableBytes ?? [])
      }
    }
    for delta in deltas { try output.append(delta.patches, length: delta.table.payloadLength) }
    for encoded in artefacts {
      try output.append(encoded.payload.file, length: encoded.artefact.payloadLength)
    }
    try output.publish(replacing: true)
  }
}

extension Manifest {
  /// What the project signs beside a manifest: for people, and the same every time.
  public var trustedComment: String { "\(product) \(version) sequence \(sequence)" }
}
