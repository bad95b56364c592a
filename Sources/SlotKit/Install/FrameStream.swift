internal import SlotCore

/// The bytes of an artefact from its start to its end: only such whose digests have matched are given away.
final class FrameStream {
  private let bundle: OpenedBundle
  private let table: FrameTable
  private let start: UInt64
  private let cancellation: Cancellation
  /// Gets the bytes of the artefact that were read so far.
  private let progress: (UInt64) -> Void
  private let decoder = FrameDecoder()
  private let storedBuffer: AlignedBuffer
  private let plain: AlignedBuffer
  /// What the payload has for the frame that was read last, there until the next is.
  private(set) var stored = UnsafeRawBufferPointer(start: nil, count: 0)
  private var index = 0
  private var position: UInt64 = 0

  init(
    _ bundle: OpenedBundle, _ table: FrameTable, of artefact: Artefact,
    _ cancellation: Cancellation, progress: @escaping (UInt64) -> Void = { _ in }
  ) {
    self.bundle = bundle
    self.table = table
    start = bundle.payloadOffset(of: artefact)
    self.cancellation = cancellation
    self.progress = progress
    storedBuffer = AlignedBuffer(byteCount: artefact.frameSize)
    plain = AlignedBuffer(byteCount: artefact.frameSize)
  }

  var nextFrame: Frame? { index < table.count ? table[index] : nil }

  /// Passes over the next frame without reading it.
  func pass() {
    position += UInt64(nextFrame?.length ?? 0)
    index += 1
  }

  /// The bytes of the next frame, which are there until the next call; nil behind the last.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `CancellationFailure`.
  func next() throws -> UnsafeRawBufferPointer? {
    guard let frame = nextFrame else { return nil }
    try cancellation.check()
    let content = plain.prefix(frame.length)
    if frame.codec == .zero {
      stored = UnsafeRawBufferPointer(start: nil, count: 0)
      content.initializeMemory(as: UInt8.self, repeating: 0)
    } else {
      try bundle.reader.skip(to: start + frame.payloadOffset)
      let bytes = storedBuffer.prefix(frame.storedLength)
      try bundle.reader.fill(bytes, of: bundle.length)
      stored = UnsafeRawBufferPointer(bytes)
      try decode(frame, stored, content)
    }
    pass()
    progress(position)
    return UnsafeRawBufferPointer(content)
  }

  private func decode(
    _ frame: Frame, _ stored: UnsafeRawBufferPointer, _ plain: UnsafeMutableRawBufferPointer
  ) throws(BundleFailure) {
    guard Digest(of: stored) == frame.storedDigest else {
      throw SlotWriting.damaged(frame.index)
    }
    try decoder.decode(stored, codec: frame.codec, into: plain)
    guard Digest(of: UnsafeRawBufferPointer(plain)) == frame.plainDigest else {
      throw BundleFailure(
        .wrongContent, "frame \(frame.index) of the bundle is not what its publisher signed",
        hint: "tell the bundle's publisher: the bundle was made wrongly")
    }
  }
}
