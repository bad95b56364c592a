/// A hash of one block of an image that can be moved along by a byte, so that a block is found wherever it stands.
/// Nothing is believed for it: a frame that is put together by hashes has to match its digest.
///
/// 40 bits of a polynomial of the bytes modulo 2^64. Where a block is not there, a slot of 1 GiB has one of these hashes at
/// some byte by chance once in a thousand times.
public struct BlockHash: Hashable, Sendable {
  public static let byteCount = 5
  public static let ofZeros = BlockHash(0)

  /// 40 bits.
  public let value: UInt64

  public init(_ value: UInt64) { self.value = value & 0xFF_FFFF_FFFF }

  init(state: UInt64) { value = state >> 24 }

  /// `content` is `BundleLimits.blockBytes` long.
  public init(of content: UnsafeRawBufferPointer) { self.init(state: BlockHash.state(of: content)) }

  static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// What a byte that leaves the block was multiplied by, once another has come.
  static let leaving = power(BundleLimits.blockBytes)

  /// The sum of each byte times the power of `multiplier` that says how many follow it. See docs/formats/bundle.md.
  ///
  /// Four parts of the block side by side: a multiplication waits for the one before it.
  static func state(of content: UnsafeRawBufferPointer) -> UInt64 {
    let part = content.count / 4
    var (first, second, third, fourth): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for index in 0..<part {
      first = first &* multiplier &+ UInt64(content[index])
      second = second &* multiplier &+ UInt64(content[index &+ part])
      third = third &* multiplier &+ UInt64(content[index &+ 2 &* part])
      fourth = fourth &* multiplier &+ UInt64(content[index &+ 3 &* part])
    }
    let shift = quarter
    return ((first &* shift &+ second) &* shift &+ third) &* shift &+ fourth
  }

  private static let quarter = power(BundleLimits.blockBytes / 4)

  private static func power(_ exponent: Int) -> UInt64 {
    (0..<exponent).reduce(1) { power, _ in power &* multiplier }
  }

  public var encoded: [UInt8] { (0..<5).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }

  /// The hash that stands at `offset` of a table.
  init(_ bytes: [UInt8], at offset: Int) {
    var value: UInt64 = 0
    for index in 0..<BlockHash.byteCount {
      value |= UInt64(bytes[offset &+ index]) << UInt64(index &* 8)
    }
    self.value = value
  }
}
