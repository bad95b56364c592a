public import SlotCore

/// Proves a whole bundle, without installing it.
///
/// Order of checks: signature, manifest, length of the file, tables, then for every frame its stored
/// bytes, what they decode to, and nothing else.
public enum BundleVerifier {
  /// - Throws: `SourceFailure`, `BundleFailure`, `TrustFailure`.
  public static func verify(_ path: String, ring: KeyRing) throws -> TrustedManifest {
    let bundle = try BundleFile(path)
    let trusted = try TrustedManifest(
      manifestBytes: bundle.manifestBytes, signatureBytes: bundle.signatureBytes,
      header: bundle.header, ring: ring)
    guard trusted.manifest.artefacts.count(where: { $0.kind == .slotImage }) == 1 else {
      throw BundleFailure(
        .malformedManifest, "the bundle does not hold exactly one image of a root partition",
        hint: "tell the bundle's publisher: the bundle was made wrongly")
    }
    try bundle.checkLength(trusted.manifest)
    try verifyTables(of: bundle, trusted.manifest)
    var offset = bundle.header.payloadOffset
    for artefact in trusted.manifest.artefacts {
      let table = try bundle.frames(of: artefact, in: trusted.manifest)
      try verify(table, at: offset, in: bundle)
      offset += artefact.payloadLength
    }
    return trusted
  }

  /// Tables of kinds that this version does not know are covered too.
  private static func verifyTables(of bundle: BundleFile, _ manifest: Manifest) throws {
    var offset: UInt64 = 0
    for description in manifest.tables {
      guard Digest(of: try bundle.table(description, offset: offset)) == description.digest else {
        throw BundleFailure(
          .damagedTable, "the bundle's table of \(description.kind) is damaged",
          hint: "fetch the bundle again, and tell its publisher if that does not help")
      }
      offset += description.length
    }
  }

  private static func verify(_ table: FrameTable, at start: UInt64, in bundle: BundleFile) throws {
    let framesPerPiece = 16
    try OrderedWork.run(
      count: (table.count + framesPerPiece - 1) / framesPerPiece,
      work: { piece in
        let decoder = FrameDecoder()
        let first = piece * framesPerPiece
        for index in first..<min(table.count, first + framesPerPiece) {
          try verify(table[index], at: start, in: bundle, decoder)
        }
      }, deliver: { _ in })
  }

  private static func verify(
    _ frame: Frame, at start: UInt64, in bundle: BundleFile, _ decoder: borrowing FrameDecoder
  ) throws {
    let stored = try bundle.file.bytes(
      at: start + frame.payloadOffset, count: frame.storedLength)
    guard stored.count == frame.storedLength, Digest(of: stored) == frame.storedDigest else {
      throw BundleFailure(
        .damagedFrame, "frame \(frame.index) of the bundle is damaged",
        hint: "fetch the bundle again, and tell its publisher if that does not help")
    }
    var plain = [UInt8](repeating: 0, count: frame.length)
    try stored.withUnsafeBytes { input in
      try plain.withUnsafeMutableBytes {
        try decoder.decode(input, codec: frame.codec, into: $0)
      }
    }
    guard Digest(of: plain) == frame.plainDigest else {
      throw BundleFailure(
        .wrongContent, "frame \(frame.index) does not decode to what its publisher signed",
        hint: "tell the bundle's publisher: the bundle was made wrongly")
    }
  }
}
