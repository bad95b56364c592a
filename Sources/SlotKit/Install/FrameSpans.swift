internal import SlotCore

/// The pieces in which an image is read and written: whole frames, many together, so that a device sees few large
/// operations whatever the frame size, and a processor several frames to digest at once.
struct FrameSpans {
  /// Bytes that are written together. What is fetched, what is decoded and what stands in the target take as much each.
  static let writtenBytes = 512 << 10
  /// Bytes of an image whose digests are made together: as many frames of the usual size as a processor digests at once.
  static let digestedBytes = 1 << 20

  let frameCount: Int
  private let framesPerSpan: Int
  /// Bytes of memory that a span may take.
  let byteCapacity: Int

  init(_ artefact: Artefact, bytes: Int = writtenBytes) {
    self.init(frameCount: artefact.frameCount, frameSize: artefact.frameSize, bytes: bytes)
  }

  /// `frameSize` in bytes.
  init(frameCount: Int, frameSize: Int, bytes: Int) {
    self.frameCount = frameCount
    framesPerSpan = max(1, bytes / frameSize)
    byteCapacity = framesPerSpan * frameSize
  }

  var count: Int { (frameCount + framesPerSpan - 1) / framesPerSpan }

  subscript(index: Int) -> Range<Int> {
    let start = index * framesPerSpan
    return start..<min(frameCount, start + framesPerSpan)
  }

  /// `frames` in pieces of at most one span.
  func pieces(of frames: Range<Int>) -> [Range<Int>] {
    stride(from: frames.lowerBound, to: frames.upperBound, by: framesPerSpan).map {
      $0..<min(frames.upperBound, $0 + framesPerSpan)
    }
  }
}

extension FrameTable {
  /// Those of `frames` that stand whole in `buffer`, which begins `offset` bytes from the start of the image.
  func matching(
    _ frames: some Sequence<Int>, in buffer: UnsafeRawBufferPointer, from offset: UInt64
  ) -> [Int] {
    let contents = frames.map { index in
      let frame = self[index]
      let start = Int(frame.imageOffset - offset)
      return (frame, UnsafeRawBufferPointer(rebasing: buffer[start..<start + frame.length]))
    }
    // The table was checked to have the digest of zeros for a zero frame.
    let zeros = contents.filter { $0.codec == .zero && $1.isAllZero }
    let others = contents.filter { frame, _ in frame.codec != .zero }
    let digests = Digest.each(of: others.map { $1 })
    let proved = zip(others, digests).filter { $0.0.plainDigest == $1 }
    return (zeros.map { $0.0.index } + proved.map { $0.0.0.index }).sorted()
  }

  /// The bytes of the image that `frames` cover.
  func imageRange(_ frames: Range<Int>) -> Range<UInt64> {
    let last = self[frames.upperBound - 1]
    return self[frames.lowerBound].imageOffset..<last.imageOffset + UInt64(last.length)
  }
}
