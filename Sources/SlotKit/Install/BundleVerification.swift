internal import SlotCore

extension OpenedBundle {
  /// Verifies tables, frames and the end. `progress` gets bytes read and bytes in all.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `CancellationFailure`.
  public func verifyContent(
    _ cancellation: Cancellation, progress: (UInt64, UInt64) -> Void
  ) throws {
    if let artefact = manifest.slotImage {
      let table = try frames(of: artefact)
      let decoder = FrameDecoder()
      let stored = AlignedBuffer(byteCount: artefact.frameSize)
      let plain = AlignedBuffer(byteCount: artefact.frameSize)
      for index in 0..<table.count {
        try cancellation.check()
        let frame = table[index]
        guard frame.codec != .zero else { continue }
        try reader.skip(to: offset(of: frame))
        let bytes = stored.prefix(frame.storedLength)
        try reader.fill(bytes, of: length)
        try verify(frame, UnsafeRawBufferPointer(bytes), decoder, plain.prefix(frame.length))
        progress(reader.position, length)
      }
    }
    try checkEnd()
  }

  private func verify(
    _ frame: Frame, _ stored: UnsafeRawBufferPointer, _ decoder: borrowing FrameDecoder,
    _ plain: UnsafeMutableRawBufferPointer
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
