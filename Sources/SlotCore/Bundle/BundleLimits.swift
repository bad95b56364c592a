/// The bounds within which a bundle is believed: see docs/formats/bundle.md.
public enum BundleLimits {
  public static let manifestBytes = 1 << 20
  public static let signaturesBytes = 64 << 10
  public static let signatureCount = 16
  /// 16 GiB in frames of 64 KiB take 18 MiB; this allows for later tables beside them.
  public static let tablesBytes: UInt64 = 256 << 20

  /// What a bundle can hold of `tables`: beyond `tablesBytes`, for an image of more than 120 GiB without its zeros, it
  /// goes without the table of blocks, which readers can do without.
  public static func fitting(_ tables: [TableDescription]) -> [TableDescription] {
    guard tables.reduce(0, { $0 + $1.length }) > tablesBytes else { return tables }
    return tables.filter { $0.kind != TableDescription.blocks }
  }

  public static let imageBytes: UInt64 = 1 << 44
  public static let artefactCount = 64
  public static let tableCount = 256
  public static let frameBytes = 64 << 10...4 << 20
  /// Uncompressed recipes of a delta table: 4 KiB for each frame of a 4 GiB image.
  public static let recipesBytes = 64 << 20
  /// What one patch may use of the base at a time: what a device holds in memory for it.
  public static let patchPrefixBytes = 1 << 20
  public static let patchWindows: UInt64 = 64
  /// Images are a whole number of these, so that every write to a device is aligned.
  public static let blockBytes = 4096

  /// How many bytes of a compressed frame of `frameLength` bytes are one chunk: an eighth, in whole blocks, and enough to
  /// compress well. A chunk is compressed with what stands before it, so more of them would cost a publisher time.
  public static func chunkBytes(frameLength: Int) -> Int {
    max(32 << 10, (frameLength / 8 + blockBytes - 1) / blockBytes * blockBytes)
  }

  /// The largest integer that every JSON reader agrees on.
  public static let sequence: ClosedRange<Int64> = 1...(1 << 53) - 1
  public static let json = JSONLimits(byteCount: manifestBytes, depth: 16, valueCount: 50_000)
}
