/// A fast hash of one block of an image, which tells where the same block may stand. Nothing is believed for it: a
/// frame that is put together by hashes has to match its digest.
///
/// 32 bits of it: among a million blocks (4 GiB) some hundred share theirs with another, and a frame with one of those
/// may have to be fetched.
public struct BlockHash: Hashable, Sendable {
  public static let byteCount = 4

  public let value: UInt32

  public init(_ value: UInt32) { self.value = value }

  /// `content` is `BundleLimits.blockBytes` long.
  public init(of content: UnsafeRawBufferPointer) {
    value = UInt32(truncatingIfNeeded: BlockHash.wide(content) >> 32)
  }

  public static let ofZeros = BlockHash(
    of: [UInt8](repeating: 0, count: BundleLimits.blockBytes))

  private init(of content: [UInt8]) { self = content.withUnsafeBytes { BlockHash(of: $0) } }

  /// 64 bits: a multiplication for eight bytes. The upper half mixes all of them, though not the last eight evenly. See
  /// docs/formats/bundle.md.
  public static func wide(_ content: UnsafeRawBufferPointer) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for offset in stride(from: 0, to: content.count - 7, by: 8) {
      hash ^= UInt64(
        littleEndian: content.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      hash = hash &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    return hash
  }
}
