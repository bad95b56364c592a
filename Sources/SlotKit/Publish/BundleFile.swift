public import SlotCore
internal import SystemPackage

/// A bundle on disk, taken apart. Nothing in it has been verified: see `OpenedBundle`.
public struct BundleFile: Sendable {
  public let header: BundleHeader
  public let manifestBytes: [UInt8]
  public let signatureBytes: [UInt8]
  /// Bytes of the whole file.
  public let length: UInt64
  let file: InputFile

  /// Reads header, manifest and signatures.
  ///
  /// - Throws: `SourceFailure`; `BundleFailure` for a header that is none, or a file that ends too soon.
  public init(_ path: String) throws {
    file = try InputFile(path)
    length = file.length
    header = try BundleHeader(
      decoding: try file.bytes(at: 0, count: BundleHeader.byteCount))
    manifestBytes = try BundleFile.part(
      of: file, at: header.manifestOffset, count: header.manifestLength)
    signatureBytes = try BundleFile.part(
      of: file, at: header.signaturesOffset, count: header.signaturesLength)
  }

  private static func part(of file: InputFile, at offset: UInt64, count: Int) throws -> [UInt8] {
    let bytes = try file.bytes(at: offset, count: count)
    guard bytes.count == count else {
      throw BundleFailure.truncated(at: file.length, expected: offset + UInt64(count))
    }
    return bytes
  }

  /// The table that stands `offset` bytes into the tables.
  func table(_ description: TableDescription, offset: UInt64) throws -> [UInt8] {
    try BundleFile.part(
      of: file, at: header.tablesOffset + offset, count: Int(description.length))
  }

  /// The frames of `artefact`, checked against what the manifest says of them.
  ///
  /// - Throws: `malformedManifest` when it has none; `damagedTable`, `malformedTable`.
  public func frames(of artefact: Artefact, in manifest: Manifest) throws -> FrameTable {
    guard let placed = manifest.frameTable(of: artefact) else {
      throw BundleFailure(
        .malformedManifest, "the artefact \(artefact.name.printable) has no table of frames")
    }
    return try FrameTable(
      verifying: try table(placed.description, offset: placed.offset),
      description: placed.description, artefact: artefact)
  }

  /// Whether the file is as long as its parts, no more and no less.
  ///
  /// - Throws: `truncated`, `trailingData`, `lengthOutOfRange`.
  func checkLength(_ manifest: Manifest) throws(BundleFailure) {
    guard manifest.tablesLength == header.tablesLength else {
      throw BundleFailure(
        .lengthOutOfRange, "the bundle's header and its manifest state different lengths")
    }
    let expected = header.payloadOffset + manifest.payloadLength
    if length < expected { throw .truncated(at: length, expected: expected) }
    guard length == expected else {
      throw BundleFailure(
        .trailingData, "\(length - expected) bytes stand behind the end of the bundle",
        hint: "fetch the bundle again, and tell its publisher if that does not help")
    }
  }
}
