/// The hashes of an artefact's blocks, for devices with an image that the publisher does not know: they look for the
/// blocks in what they have.
public struct BlockTable: Sendable {
  /// Nil where a frame is zero: then it stands nowhere.
  private let starts: [Int?]
  private let bytes: [UInt8]
  private let frameBlocks: Int
  /// Blocks of the image, zero ones included.
  public let blockCount: Int
  /// Those that are in no zero frame.
  public var knownCount: Int { bytes.count / BlockHash.byteCount }

  /// Takes a table that the manifest of a verified signature describes.
  ///
  /// - Throws: `damagedTable`, `malformedTable`.
  public init(
    verifying bytes: [UInt8], description: TableDescription, frames: FrameTable
  ) throws(BundleFailure) {
    guard UInt64(bytes.count) == description.length, Digest(of: bytes) == description.digest else {
      throw .damaged(.damagedTable, "the bundle's table of blocks is damaged")
    }
    var starts: [Int?] = []
    var end = 0
    for index in 0..<frames.count {
      let frame = frames[index]
      starts.append(frame.codec == .zero ? nil : end)
      guard frame.codec != .zero else { continue }
      end += frame.length / BundleLimits.blockBytes * BlockHash.byteCount
    }
    guard end == bytes.count, description.payloadLength == 0 else {
      throw .damaged(.malformedTable, "the bundle's table of blocks is malformed: length")
    }
    self.starts = starts
    self.bytes = bytes
    frameBlocks = frames.count > 0 ? frames[0].length / BundleLimits.blockBytes : 1
    blockCount = (0..<frames.count).reduce(0) {
      $0 + frames[$1].length / BundleLimits.blockBytes
    }
  }

  /// The hash of block `block` of the image; nil where its frame is zero.
  public subscript(block: Int) -> BlockHash? {
    let (frame, place) = block.quotientAndRemainder(dividingBy: frameBlocks)
    return self[frame, place]
  }

  /// The hash of block `block` of frame `frame`; nil when the frame is zero.
  public subscript(frame: Int, block: Int) -> BlockHash? {
    starts[frame].map { BlockHash(bytes, at: $0 + block * BlockHash.byteCount) }
  }

  /// Whether the hashes of frame `frame` are those of `content`.
  public func describes(_ content: UnsafeRawBufferPointer, frame: Int) -> Bool {
    stride(from: 0, to: content.count, by: BundleLimits.blockBytes).allSatisfy { start in
      let block = UnsafeRawBufferPointer(
        rebasing: content[start..<start + BundleLimits.blockBytes])
      return self[frame, start / BundleLimits.blockBytes] == BlockHash(of: block)
    }
  }

  /// What stands in the table for a frame that is not zero.
  public static func encoded(frame: UnsafeRawBufferPointer) -> [UInt8] {
    stride(from: 0, to: frame.count, by: BundleLimits.blockBytes).flatMap { start in
      let block = UnsafeRawBufferPointer(
        rebasing: frame[start..<start + BundleLimits.blockBytes])
      return BlockHash(of: block).encoded
    }
  }
}
