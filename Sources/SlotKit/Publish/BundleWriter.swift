public import SlotCore
internal import SystemPackage

/// Makes a bundle: one pass over the image on all processors, with a few pieces of it in memory.
///
/// The table of frames stands before the payload, so the payload goes to a file without a name first,
/// and the bundle is put together and named when all of it is known.
public enum BundleWriter {
  private static let artefactName = "root"
  /// How much of the image one thread works on at a time.
  private static let pieceBytes = 4 << 20

  /// Writes the bundle, unsigned when `key` is nil, and returns its manifest.
  ///
  /// The same request, image and key give the same bytes.
  ///
  /// - Throws: `RequestFailure`, `SourceFailure`, `OutputFailure`.
  public static func write(_ request: BundleRequest, key: SecretKey?) throws -> Manifest {
    try request.validate()
    let image = try InputFile(request.image)
    let length = try paddedLength(of: image, frameSize: request.frameSize)
    let output = FilePath(request.output)
    let payload = try FrameCollector(besides: output)
    let framesPerPiece = max(1, pieceBytes / request.frameSize)
    let pieceLength = UInt64(framesPerPiece * request.frameSize)
    try OrderedWork.run(
      count: Int((length + pieceLength - 1) / pieceLength),
      work: { index in
        let start = UInt64(index) * pieceLength
        let size = Int(min(pieceLength, length - start))
        let bytes = try piece(of: image, at: start, count: size)
        return encode(bytes, request)
      }, deliver: { try payload.append($0) })
    let artefact = Artefact(
      name: artefactName, kind: .slotImage, length: length,
      imageDigest: Digest(of: payload.plainDigests), frameSize: request.frameSize,
      payloadLength: payload.length)
    let deltas = try request.bases.map { base in
      try DeltaWriter(
        base: base, product: request.product, artefact: artefact,
        storedLengths: payload.storedLengths, besides: output,
        piece: { index in
          let start = UInt64(index) * UInt64(request.frameSize)
          return try piece(
            of: image, at: start, count: Int(min(UInt64(request.frameSize), length - start)))
        })
    }
    try requireDistinct(deltas, request)
    return try assemble(
      request, key: key, artefact, payload: payload, deltas: deltas, at: output)
  }

  private static func requireDistinct(
    _ deltas: [DeltaWriter], _ request: BundleRequest
  ) throws(RequestFailure) {
    guard Set(deltas.map(\.table.base)).count == deltas.count else {
      throw RequestFailure(
        .invalidValue, "two bases hold the same image", hint: "give each --base once")
    }
  }

  /// The image's bytes, rounded up to whole blocks.
  private static func paddedLength(
    of image: InputFile, frameSize: Int
  ) throws(RequestFailure) -> UInt64 {
    let name = "\(image.path)".printable
    guard image.length > 0 else {
      throw RequestFailure(
        .imageEmpty, "the image \(name) is empty", hint: "give the image of a root file system")
    }
    let block = UInt64(BundleLimits.blockBytes)
    let limit = BundleLimits.tablesBytes / UInt64(FrameTable.recordBytes) * UInt64(frameSize)
    guard image.length <= min(BundleLimits.imageBytes, limit) else {
      throw RequestFailure(
        .imageTooLarge, "the image \(name) is too large for frames of \(frameSize) bytes",
        hint: "use a larger --frame-size; no image may be larger than 16 TiB")
    }
    return (image.length + block - 1) / block * block
  }

  /// Bytes of the image, with zeros behind its end.
  private static func piece(
    of image: InputFile, at start: UInt64, count: Int
  ) throws(SourceFailure) -> [UInt8] {
    var bytes = try image.bytes(at: start, count: count)
    guard start + UInt64(bytes.count) >= min(image.length, start + UInt64(count)) else {
      throw SourceFailure(
        .unreadable, "the image \(image.path) became shorter while it was read",
        hint: "let nothing change the image meanwhile, then run the command again")
    }
    bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
    return bytes
  }

  private static func encode(_ bytes: [UInt8], _ request: BundleRequest) -> EncodedPiece {
    let encoder = FrameEncoder(level: request.level)
    var piece = EncodedPiece()
    for start in stride(from: 0, to: bytes.count, by: request.frameSize) {
      let end = min(bytes.count, start + request.frameSize)
      let (record, stored) = encoder.encode(Array(bytes[start..<end]))
      piece.records.append(contentsOf: record.encoded)
      piece.plainDigests.append(contentsOf: record.plainDigest.bytes)
      piece.stored.append(contentsOf: stored)
      piece.storedLengths.append(stored.count)
      guard record.codec != .zero else { continue }
      let hashes = bytes[start..<end].withUnsafeBytes { BlockTable.encoded(frame: $0) }
      piece.blockHashes.append(contentsOf: hashes)
    }
    return piece
  }

  private static func assemble(
    _ request: BundleRequest, key: SecretKey?, _ artefact: Artefact, payload: FrameCollector,
    deltas: [DeltaWriter], at path: FilePath
  ) throws -> Manifest {
    let table = TableDescription(
      kind: TableDescription.frames, artefact: artefactName, length: UInt64(payload.records.count),
      digest: Digest(of: payload.records))
    let blocks = TableDescription(
      kind: TableDescription.blocks, artefact: artefactName,
      length: UInt64(payload.blockHashes.count), digest: Digest(of: payload.blockHashes))
    let manifest = Manifest(
      product: request.product, version: request.version, sequence: request.sequence,
      compatible: request.compatible, minimumSource: request.minimumSource, floor: request.floor,
      created: request.created, notes: request.notes, artefacts: [artefact],
      tables: BundleLimits.fitting([table] + deltas.map(\.table) + [blocks]))
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
    try write(
      bytes, signatures: signatures ?? [], tablesLength: manifest.tablesLength, payload: payload,
      deltas: deltas, hasBlocks: manifest.blockTable(of: artefact) != nil, at: path)
    return manifest
  }

  private static func write(
    _ manifest: [UInt8], signatures: [UInt8], tablesLength: UInt64, payload: FrameCollector,
    deltas: [DeltaWriter], hasBlocks: Bool, at path: FilePath
  ) throws {
    let header = BundleHeader(
      manifestLength: manifest.count, signaturesLength: signatures.count,
      tablesLength: tablesLength)
    let output = try OutputFile(besides: path)
    try output.append(header.encoded + manifest + signatures)
    try output.append(payload.records)
    for delta in deltas { try output.append(delta.tableBytes) }
    if hasBlocks { try output.append(payload.blockHashes) }
    for delta in deltas { try output.append(delta.patches, length: delta.table.payloadLength) }
    try output.append(payload.file, length: payload.length)
    try output.publish(replacing: true)
  }
}

extension Manifest {
  /// What the project signs beside a manifest: for people, and the same every time.
  public var trustedComment: String { "\(product) \(version) sequence \(sequence)" }
}

/// The encoded frames of one piece of the image.
private struct EncodedPiece: Sendable {
  var records: [UInt8] = []
  var plainDigests: [UInt8] = []
  var stored: [UInt8] = []
  var storedLengths: [Int] = []
  var blockHashes: [UInt8] = []
}

/// The table that grows in memory, and the payload that goes to disk.
///
/// `@unchecked Sendable`: `OrderedWork` calls `append` one at a time, and the rest is read when all is done.
private final class FrameCollector: @unchecked Sendable {
  let file: OutputFile
  private(set) var records: [UInt8] = []
  private(set) var plainDigests: [UInt8] = []
  private(set) var length: UInt64 = 0
  /// Of each frame; 0 for zeros.
  private(set) var storedLengths: [Int] = []
  private(set) var blockHashes: [UInt8] = []

  init(besides path: FilePath) throws(OutputFailure) { file = try OutputFile(besides: path) }

  func append(_ piece: EncodedPiece) throws(OutputFailure) {
    records.append(contentsOf: piece.records)
    plainDigests.append(contentsOf: piece.plainDigests)
    try file.append(piece.stored)
    length += UInt64(piece.stored.count)
    storedLengths += piece.storedLengths
    blockHashes += piece.blockHashes
  }
}
