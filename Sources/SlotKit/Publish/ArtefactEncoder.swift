internal import SlotCore
internal import SystemPackage

/// An artefact whose frames are encoded: its payload stands in a file without a name.
struct EncodedArtefact {
  let artefact: Artefact
  let payload: FrameCollector

  /// How much of an image one thread works on at a time.
  private static let pieceBytes = 4 << 20

  /// Encodes the frames of `image`, on all processors.
  ///
  /// - Throws: `RequestFailure`, `SourceFailure`, `OutputFailure`.
  init(
    _ image: InputFile, name: String, kind: Artefact.Kind, tree: TreeContent? = nil,
    _ request: BundleRequest
  ) throws {
    let length = try EncodedArtefact.paddedLength(of: image, frameSize: request.frameSize)
    let payload = try FrameCollector(besides: FilePath(request.output))
    let framesPerPiece = max(1, EncodedArtefact.pieceBytes / request.frameSize)
    let pieceLength = UInt64(framesPerPiece * request.frameSize)
    try OrderedWork.run(
      count: Int((length + pieceLength - 1) / pieceLength),
      work: { index in
        let start = UInt64(index) * pieceLength
        let size = Int(min(pieceLength, length - start))
        let bytes = try EncodedArtefact.piece(of: image, at: start, count: size)
        return EncodedArtefact.encode(bytes, request)
      }, deliver: { try payload.append($0) })
    artefact = Artefact(
      name: name, kind: kind, length: length, imageDigest: Digest(of: payload.plainDigests),
      frameSize: request.frameSize, payloadLength: payload.length, tree: tree)
    self.payload = payload
  }

  /// The table of frames.
  var frames: TableDescription {
    TableDescription(
      kind: TableDescription.frames, artefact: artefact.name,
      length: UInt64(payload.records.count), digest: Digest(of: payload.records))
  }

  /// The table of blocks.
  var blocks: TableDescription {
    TableDescription(
      kind: TableDescription.blocks, artefact: artefact.name,
      length: UInt64(payload.blockTableBytes.count), digest: Digest(of: payload.blockTableBytes))
  }

  /// The table of blocks as a reader takes it.
  func blockTable() throws(BundleFailure) -> BlockTable {
    let table = try FrameTable(
      verifying: payload.records, description: frames, artefact: artefact)
    return try BlockTable(
      verifying: payload.blockTableBytes, description: blocks, frames: table)
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
  static func piece(
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
      let described = BlockTable.encoded(
        frame: bytes[start..<end], stored: stored, codec: record.codec)
      piece.blockTableBytes.append(contentsOf: described)
    }
    return piece
  }
}

/// The encoded frames of one piece of the image.
private struct EncodedPiece: Sendable {
  var records: [UInt8] = []
  var plainDigests: [UInt8] = []
  var stored: [UInt8] = []
  var storedLengths: [Int] = []
  var blockTableBytes: [UInt8] = []
}

/// The table that grows in memory, and the payload that goes to disk.
///
/// `@unchecked Sendable`: `OrderedWork` calls `append` one at a time, and the rest is read when all is done.
final class FrameCollector: @unchecked Sendable {
  let file: OutputFile
  private(set) var records: [UInt8] = []
  private(set) var plainDigests: [UInt8] = []
  private(set) var length: UInt64 = 0
  /// Of each frame; 0 for zeros.
  private(set) var storedLengths: [Int] = []
  private(set) var blockTableBytes: [UInt8] = []

  init(besides path: FilePath) throws(OutputFailure) { file = try OutputFile(besides: path) }

  fileprivate func append(_ piece: EncodedPiece) throws(OutputFailure) {
    records.append(contentsOf: piece.records)
    plainDigests.append(contentsOf: piece.plainDigests)
    try file.append(piece.stored)
    length += UInt64(piece.stored.count)
    storedLengths += piece.storedLengths
    blockTableBytes += piece.blockTableBytes
  }
}
