internal import CZstd

/// A chunk of a compressed frame, as it stands in the payload: `BundleLimits.chunkBytes` of the frame as one zstd frame
/// (RFC 8878), compressed with all that stands before them in the frame as its prefix. So a device that has the rest of a
/// frame can fetch what it misses alone.
public struct StoredChunk: Hashable, Sendable {
  /// Of the digest: what a table has for a chunk in place of all 32 bytes, as there are many.
  private static let digestBytes = 16
  /// Stored length (3), digest (16).
  static let recordBytes = 3 + digestBytes

  /// Bytes from the start of the frame's stored bytes.
  public var offset: Int
  /// Stored bytes.
  public var length: Int
  private let digest: [UInt8]

  /// Takes the stored bytes of a chunk.
  public init(_ stored: UnsafeRawBufferPointer, at offset: Int) {
    self.offset = offset
    length = stored.count
    digest = StoredChunk.digest(of: stored)
  }

  /// The record that stands at `start` of a table.
  init(_ table: [UInt8], at start: Int, offset: Int) {
    self.offset = offset
    length = (0..<3).reduce(0) { $0 | Int(table[start + $1]) << ($1 * 8) }
    digest = Array(table[start + 3..<start + StoredChunk.recordBytes])
  }

  /// See docs/formats/bundle.md.
  var encoded: [UInt8] { (0..<3).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + digest }

  /// Whether `stored` is what the publisher signed: checked before it is decoded.
  public func matches(_ stored: UnsafeRawBufferPointer) -> Bool {
    stored.count == length && StoredChunk.digest(of: stored) == digest
  }

  private static func digest(of stored: UnsafeRawBufferPointer) -> [UInt8] {
    Array(Digest(of: stored).bytes.prefix(digestBytes))
  }

  /// The chunks of a frame from its stored bytes; nil when these are no zstd frames (`ZSTD_findFrameCompressedSize(3)`).
  public static func all(in stored: UnsafeRawBufferPointer) -> [StoredChunk]? {
    var chunks: [StoredChunk] = []
    var offset = 0
    while offset < stored.count {
      let rest = UnsafeRawBufferPointer(rebasing: stored[offset...])
      guard let length = length(ofFirstIn: rest) else { return nil }
      chunks.append(StoredChunk(UnsafeRawBufferPointer(rebasing: rest[..<length]), at: offset))
      offset += length
    }
    return chunks
  }

  /// Bytes of the zstd frame that `stored` begins with.
  static func length(ofFirstIn stored: UnsafeRawBufferPointer) -> Int? {
    let length = ZSTD_findFrameCompressedSize(stored.baseAddress, stored.count)
    return ZSTD_isError(length) == 0 ? length : nil
  }
}
