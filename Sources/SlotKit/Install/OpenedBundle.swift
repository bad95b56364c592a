public import SlotCore

/// A bundle whose signature was verified, with the reader standing before its tables.
///
/// Order: header, manifest and signatures are read; the signature is verified; then the lengths are compared
/// with what the source says of itself.
public struct OpenedBundle {
  public let reader: any BundleReader
  public let header: BundleHeader
  public let trusted: TrustedManifest
  /// Bytes of the whole bundle.
  public let length: UInt64

  public var manifest: Manifest { trusted.manifest }

  /// - Throws: `BundleFailure`, `TrustFailure`, `SourceFailure`.
  public init(_ reader: any BundleReader, ring: KeyRing) throws {
    self.reader = reader
    var head = [UInt8](repeating: 0, count: BundleHeader.byteCount)
    let count = try head.withUnsafeMutableBytes { try reader.read(into: $0) }
    header = try BundleHeader(decoding: Array(head.prefix(count)))
    reader.expect([header.manifestOffset..<header.tablesOffset])
    let signed = try reader.bytes(header.manifestLength, of: header.tablesOffset)
    let signatures = try reader.bytes(header.signaturesLength, of: header.tablesOffset)
    trusted = try TrustedManifest(
      manifestBytes: signed, signatureBytes: signatures, header: header, ring: ring)
    length = trusted.bundleLength(header: header)
    if let total = reader.totalLength, total != length {
      throw total < length
        ? BundleFailure.truncated(at: total, expected: length) : OpenedBundle.trailingData(length)
    }
  }

  static func trailingData(_ length: UInt64) -> BundleFailure {
    BundleFailure(
      .trailingData, "there is data after the end of the bundle, at byte \(length)",
      hint: "fetch the bundle again, and tell its publisher if that does not help")
  }

  /// Reads and verifies the frames of `artefact`, whose table has to stand behind everything read so far.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`.
  public func frames(of artefact: Artefact) throws -> FrameTable {
    // The manifest was checked to have the table.
    guard let placed = manifest.frameTable(of: artefact) else {
      throw BundleFailure(.malformedTable, "the bundle has no table of frames")
    }
    return try FrameTable(
      verifying: try bytes(of: placed), description: placed.description, artefact: artefact)
  }

  /// The same for what rebuilds `artefact` from `base`; nil when the bundle has no such table, has it where a reader
  /// that only goes forward is past it, or has it damaged: everything that it saves is in the frames as well.
  func delta(
    of artefact: Artefact, from base: Digest, _ observer: InstallObserver
  ) throws -> DeltaTable? {
    guard let placed = manifest.deltaTable(of: artefact, from: base),
      header.tablesOffset + placed.offset >= reader.position
    else { return nil }
    let bytes = try bytes(of: placed)
    do {
      return try DeltaTable(
        verifying: bytes, description: placed.description, artefact: artefact)
    } catch {
      observer(.warning("\(error.message); more than that has to be fetched"))
      return nil
    }
  }

  /// The same for the hashes of its blocks, which stand behind the deltas.
  func blocks(
    of artefact: Artefact, _ frames: FrameTable, _ observer: InstallObserver
  ) throws -> BlockTable? {
    guard let placed = manifest.blockTable(of: artefact),
      header.tablesOffset + placed.offset >= reader.position
    else { return nil }
    let bytes = try bytes(of: placed)
    do {
      return try BlockTable(verifying: bytes, description: placed.description, frames: frames)
    } catch {
      observer(.warning("\(error.message); more than that has to be fetched"))
      return nil
    }
  }

  private func bytes(of table: PlacedTable) throws -> [UInt8] {
    let start = header.tablesOffset + table.offset
    reader.expect([start..<start + table.description.length])
    try reader.skip(to: start)
    return try reader.bytes(Int(table.description.length), of: length)
  }

  /// Where a table's payload stands in the bundle.
  func payloadOffset(of table: PlacedTable) -> UInt64 { header.payloadOffset + table.payloadOffset }

  /// Where the payload of an artefact stands in the bundle.
  func payloadOffset(of artefact: Artefact) -> UInt64 {
    header.payloadOffset + manifest.payloadOffset(of: artefact)
  }

  /// Where a frame's stored bytes stand in the bundle: one of the slot image.
  func offset(of frame: Frame) -> UInt64 {
    (manifest.slotImage.map(payloadOffset) ?? header.payloadOffset) + frame.payloadOffset
  }

  /// Where the stored bytes of `frames` stand, which are one after another in `table`; nil when there are none.
  func range(of frames: Range<Int>, in table: FrameTable) -> Range<UInt64>? {
    let last = table[frames.upperBound - 1]
    let range = offset(of: table[frames.lowerBound])..<offset(of: last) + UInt64(last.storedLength)
    return range.isEmpty ? nil : range
  }

  /// For sources that do not say how long they are: that they end where the bundle does.
  ///
  /// - Throws: `truncated`, `trailingData`.
  func checkEnd() throws {
    guard reader.totalLength == nil else { return }
    try reader.drop(to: length)
    var byte: UInt8 = 0
    let more = try withUnsafeMutableBytes(of: &byte) { try reader.read(into: $0) }
    if more > 0 { throw OpenedBundle.trailingData(length) }
  }
}
