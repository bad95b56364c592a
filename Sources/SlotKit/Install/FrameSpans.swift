internal import SlotCore

/// The pieces in which an image is read and written: whole frames, about half a mebibyte together, so that a device
/// sees few large operations whatever the frame size.
struct FrameSpans {
  static let targetBytes = 512 << 10

  let frameCount: Int
  private let framesPerSpan: Int
  /// Bytes of memory that a span may take.
  let byteCapacity: Int

  init(_ artefact: Artefact) {
    frameCount = artefact.frameCount
    framesPerSpan = max(1, FrameSpans.targetBytes / artefact.frameSize)
    byteCapacity = framesPerSpan * artefact.frameSize
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
  /// Whether frame `index` stands whole in `buffer`, which begins `offset` bytes from the start of the image.
  func matches(_ index: Int, in buffer: UnsafeRawBufferPointer, from offset: UInt64) -> Bool {
    let frame = self[index]
    let start = Int(frame.imageOffset - offset)
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<start + frame.length])
    // The table was checked to have the digest of zeros for a zero frame.
    return frame.codec == .zero ? bytes.isAllZero : Digest(of: bytes) == frame.plainDigest
  }

  /// The bytes of the image that `frames` cover.
  func imageRange(_ frames: Range<Int>) -> Range<UInt64> {
    let last = self[frames.upperBound - 1]
    return self[frames.lowerBound].imageOffset..<last.imageOffset + UInt64(last.length)
  }
}
