public import SlotCore

/// Reads a slot whole and computes or compares its image digest: BLAKE2b-256 over the digests of its frames.
public enum SlotDigest {
  /// - Parameters:
  ///   - length: bytes of the image, a multiple of 4096.
  ///   - frameSize: bytes of a frame.
  public static func compute(
    _ device: any SlotDevice, length: UInt64, frameSize: Int, _ cancellation: Cancellation,
    progress: @escaping (UInt64) -> Void = { _ in }
  ) throws -> Digest {
    let count = Int((length + UInt64(frameSize) - 1) / UInt64(frameSize))
    let spans = FrameSpans(frameCount: count, frameSize: frameSize, bytes: FrameSpans.digestedBytes)
    let digests = FrameDigests(count: count)
    let caller = CallerProgress(progress)
    let report: @Sendable (UInt64) -> Void = { caller.call($0) }
    try ParallelSpans.forEach(
      0..<spans.count, bufferBytes: spans.byteCapacity, cancellation, progress: report
    ) { index, buffer in
      let offset = UInt64(spans[index].lowerBound) * UInt64(frameSize)
      let bytes = buffer.prefix(Int(min(UInt64(spans.byteCapacity), length - offset)))
      try device.read(into: bytes, at: offset)
      let frames = stride(from: 0, to: bytes.count, by: frameSize).map { start in
        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + frameSize, bytes.count)])
      }
      digests.set(spans[index].lowerBound, Digest.each(of: frames))
      return bytes.count
    }
    var image = DigestStream()
    for digest in digests.all { image.update(digest.bytes) }
    return Digest(bytes: image.finish()) ?? Digest(of: [])
  }

  /// - Throws: `PolicyFailure.rollbackUnverified` when the slot is not whole.
  static func verify(
    _ image: ImageIdentity, on device: any SlotDevice, _ cancellation: Cancellation,
    _ observer: @escaping InstallObserver
  ) throws {
    let isLargeEnough = image.imageLength <= device.byteCount
    let digest =
      isLargeEnough
      ? try compute(
        device, length: image.imageLength, frameSize: image.frameSize, cancellation,
        progress: { done in
          observer(.progress(.verifying, done: done, total: image.imageLength, fetched: 0))
        }) : nil
    guard digest == image.imageDigest else {
      throw PolicyFailure(
        .rollbackUnverified,
        "\(device.name) no longer holds version \(image.version) whole: it does not match its digest",
        hint: "apply the bundle of that version again, which repairs the slot")
    }
  }

  /// `@unchecked Sendable`: only worker 0, which is the calling thread, calls it.
  private final class CallerProgress: @unchecked Sendable {
    let call: (UInt64) -> Void
    init(_ call: @escaping (UInt64) -> Void) { self.call = call }
  }
}

/// `@unchecked Sendable`: `digests` is only touched inside `monitor`.
private final class FrameDigests: @unchecked Sendable {
  private let monitor = Monitor()
  private var digests: [Digest]

  init(count: Int) { digests = [Digest](repeating: Digest(of: []), count: count) }

  /// `some` are those of the frames from `index` on.
  func set(_ index: Int, _ some: [Digest]) {
    monitor.locked { digests.replaceSubrange(index..<index + some.count, with: some) }
  }

  var all: [Digest] { monitor.locked { digests } }
}
