/// The hashes of an artefact's blocks, for devices with an image that the publisher does not know: they look for the
/// blocks in what they have. And the chunks of its compressed frames, for what they do not find.
public struct BlockTable: Sendable {
  /// Nil where a frame is zero: then it stands nowhere.
  private let starts: [Int?]
  private let bytes: [UInt8]
  private let frames: FrameTable
  private let frameBlocks: Int
  /// Blocks of the image, zero ones included.
  public let blockCount: Int
  /// Those that are in no zero frame.
  public let knownCount: Int

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
    var known = 0
    for index in 0..<frames.count {
      let frame = frames[index]
      starts.append(frame.codec == .zero ? nil : end)
      guard frame.codec != .zero else { continue }
      let blocks = frame.length / BundleLimits.blockBytes
      known += blocks
      end += blocks * BlockHash.byteCount
      end += BlockTable.chunkCount(of: frame) * StoredChunk.recordBytes
    }
    guard end == bytes.count, description.payloadLength == 0 else {
      throw BlockTable.malformed("length")
    }
    self.starts = starts
    self.bytes = bytes
    self.frames = frames
    knownCount = known
    frameBlocks = frames.count > 0 ? frames[0].length / BundleLimits.blockBytes : 1
    blockCount = (0..<frames.count).reduce(0) {
      $0 + frames[$1].length / BundleLimits.blockBytes
    }
    for index in 0..<frames.count where frames[index].codec == .zstd {
      let chunks = chunks(of: index)
      guard chunks.allSatisfy({ $0.length > 0 }),
        chunks.reduce(0, { $0 + $1.length }) == frames[index].storedLength
      else { throw BlockTable.malformed("chunks of frame \(index)") }
    }
  }

  private static func malformed(_ what: String) -> BundleFailure {
    .damaged(.malformedTable, "the bundle's table of blocks is malformed: \(what)")
  }

  private static func chunkCount(of frame: Frame) -> Int {
    guard frame.codec == .zstd else { return 0 }
    let chunkBytes = BundleLimits.chunkBytes(frameLength: frame.length)
    return (frame.length + chunkBytes - 1) / chunkBytes
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

  /// The chunks of frame `frame`, which together are what is stored of it; none when it is not compressed.
  public func chunks(of frame: Int) -> [StoredChunk] {
    let frame = frames[frame]
    guard let start = starts[frame.index] else { return [] }
    let hashes = frame.length / BundleLimits.blockBytes * BlockHash.byteCount
    var chunks: [StoredChunk] = []
    var end = 0
    for index in 0..<BlockTable.chunkCount(of: frame) {
      let place = start + hashes + index * StoredChunk.recordBytes
      chunks.append(StoredChunk(bytes, at: place, offset: end))
      end += chunks[index].length
    }
    return chunks
  }

  /// What stands in the table for a frame that is not zero, and is `stored` in the payload.
  public static func encoded(
    frame: ArraySlice<UInt8>, stored: [UInt8], codec: FrameCodec
  ) -> [UInt8] {
    frame.withUnsafeBytes { frame in
      stored.withUnsafeBytes { encoded(frame: frame, stored: $0, codec: codec) }
    }
  }

  /// Whether the table has for frame `frame` what belongs to `content`, which is `stored` in the payload.
  public func describes(
    _ content: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer, frame: Int
  ) -> Bool {
    let chunks = frames[frame].codec == .zstd ? StoredChunk.all(in: stored) : []
    guard self.chunks(of: frame) == chunks else { return false }
    return stride(from: 0, to: content.count, by: BundleLimits.blockBytes).allSatisfy { start in
      let block = UnsafeRawBufferPointer(
        rebasing: content[start..<start + BundleLimits.blockBytes])
      return self[frame, start / BundleLimits.blockBytes] == BlockHash(of: block)
    }
  }

  private static func encoded(
    frame: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer, codec: FrameCodec
  ) -> [UInt8] {
    let hashes = stride(from: 0, to: frame.count, by: BundleLimits.blockBytes).flatMap { start in
      let block = UnsafeRawBufferPointer(
        rebasing: frame[start..<start + BundleLimits.blockBytes])
      return BlockHash(of: block).encoded
    }
    let chunks = codec == .zstd ? StoredChunk.all(in: stored) : nil
    return hashes + (chunks ?? []).flatMap(\.encoded)
  }
}
