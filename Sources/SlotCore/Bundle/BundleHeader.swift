/// The first 32 bytes of a bundle: what follows, and how long each part is.
///
/// Not signed. Its lengths only say how much to read before the signature can be checked; the
/// manifest states the lengths that count. Layout in docs/formats/bundle.md.
public struct BundleHeader: Equatable, Sendable {
  public static let byteCount = 32
  public static let formatVersion: UInt32 = 1
  /// A byte above 127 against 7-bit transfer, CR LF and LF against conversion of line ends, and
  /// Ctrl-Z against printing: PNG's idea.
  public static let magic: [UInt8] = [0x89, 0x4B, 0x52, 0x58, 0x0D, 0x0A, 0x1A, 0x0A]

  public let manifestLength: Int
  public let signaturesLength: Int
  public let tablesLength: UInt64

  public init(manifestLength: Int, signaturesLength: Int, tablesLength: UInt64) {
    self.manifestLength = manifestLength
    self.signaturesLength = signaturesLength
    self.tablesLength = tablesLength
  }

  /// - Throws: `notABundle`, `textModeDamage`, `formatTooNew`, `lengthOutOfRange`, `truncated`.
  public init(decoding bytes: [UInt8]) throws(BundleFailure) {
    try BundleHeader.checkMagic(bytes)
    guard bytes.count >= BundleHeader.byteCount else {
      throw .truncated(at: UInt64(bytes.count), expected: UInt64(BundleHeader.byteCount))
    }
    let version: UInt32 = LittleEndian.decode(bytes, at: 8)
    guard version == BundleHeader.formatVersion else {
      throw BundleFailure(
        .formatTooNew, "the bundle has format \(version), this program reads format 1",
        hint: "install a release in format 1 first, which brings a newer krux-update")
    }
    let manifest: UInt32 = LittleEndian.decode(bytes, at: 12)
    let signatures: UInt32 = LittleEndian.decode(bytes, at: 16)
    let reserved: UInt32 = LittleEndian.decode(bytes, at: 20)
    let tables: UInt64 = LittleEndian.decode(bytes, at: 24)
    guard manifest > 0, manifest <= BundleLimits.manifestBytes,
      signatures <= BundleLimits.signaturesBytes, reserved == 0,
      tables <= BundleLimits.tablesBytes
    else {
      throw .damaged(.lengthOutOfRange, "the bundle's header states lengths that are out of range")
    }
    self.init(
      manifestLength: Int(manifest), signaturesLength: Int(signatures), tablesLength: tables)
  }

  private static func checkMagic(_ bytes: [UInt8]) throws(BundleFailure) {
    let start = Array(bytes.prefix(magic.count))
    guard start != magic else { return }
    if bytes.isEmpty { throw .damaged(.truncated, "the bundle is empty") }
    let converted: [[UInt8]] = [
      [0x89, 0x4B, 0x52, 0x58, 0x0A, 0x1A, 0x0A],
      [0x89, 0x4B, 0x52, 0x58, 0x0D, 0x0D, 0x0A, 0x1A],
      [0x09, 0x4B, 0x52, 0x58],
    ]
    if converted.contains(where: { bytes.starts(with: $0) }) {
      throw BundleFailure(
        .textModeDamage, "the bundle was damaged by a transfer in text mode",
        hint: "transfer it again in binary mode")
    }
    if start.count < magic.count, magic.starts(with: start) {
      throw .truncated(at: UInt64(bytes.count), expected: UInt64(byteCount))
    }
    throw BundleFailure(
      .notABundle, "this is not a .krux bundle", hint: "check the address or the file name")
  }

  public var encoded: [UInt8] {
    BundleHeader.magic + LittleEndian.encode(BundleHeader.formatVersion)
      + LittleEndian.encode(UInt32(manifestLength)) + LittleEndian.encode(UInt32(signaturesLength))
      + LittleEndian.encode(UInt32(0)) + LittleEndian.encode(tablesLength)
  }

  public var manifestOffset: UInt64 { UInt64(BundleHeader.byteCount) }
  public var signaturesOffset: UInt64 { manifestOffset + UInt64(manifestLength) }
  public var tablesOffset: UInt64 { signaturesOffset + UInt64(signaturesLength) }
  public var payloadOffset: UInt64 { tablesOffset + tablesLength }
}
