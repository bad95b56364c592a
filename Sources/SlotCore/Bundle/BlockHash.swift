/// A fast hash of one block of an image, which tells where the same block may stand. Nothing is believed for it: a
/// frame that is put together by hashes has to match its digest.
///
/// 32 bits of it: a frame is taken from the wrong place only when all of its blocks that an older image has not are
/// found there by chance.
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

  /// 64 bits, each of which depends on all of `content` before it: a multiplication for eight bytes. See
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
