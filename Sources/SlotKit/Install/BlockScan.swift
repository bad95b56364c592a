internal import SlotCore

/// Reads a slot as fast as the device gives it, for the hashes of its blocks.
enum BlockScan {
  /// So many places that cannot be read end it: each may take the disk half a minute.
  private static let patience = 8

  /// So many places, of so many bytes each, tell whether there is something to be found.
  private static let sampleCount: UInt64 = 64
  private static let sampleBytes: UInt64 = 64 << 10

  /// The hash of each block of the first `length` bytes, and how many places could not be read: blocks that are not known
  /// are given as zeros, which are looked for nowhere.
  ///
  /// - Throws: `CancellationFailure`.
  static func hashes(
    of device: any SlotDevice, length: UInt64, _ cancellation: Cancellation,
    progress: @escaping @Sendable (UInt64) -> Void
  ) throws -> (hashes: [BlockHash], unreadable: Int) {
    let span = UInt64(FrameSpans.targetBytes)
    return try hashes(of: device, length: length, every: span, span, cancellation, progress)
  }

  /// The same, but only of some places all over it.
  static func samples(
    of device: any SlotDevice, length: UInt64, _ cancellation: Cancellation
  ) throws -> (hashes: [BlockHash], unreadable: Int) {
    let block = UInt64(BundleLimits.blockBytes)
    let step = max(length / sampleCount / block * block, sampleBytes)
    return try hashes(of: device, length: length, every: step, sampleBytes, cancellation) { _ in }
  }

  private static func hashes(
    of device: any SlotDevice, length: UInt64, every step: UInt64, _ pieceBytes: UInt64,
    _ cancellation: Cancellation, _ progress: @escaping @Sendable (UInt64) -> Void
  ) throws -> (hashes: [BlockHash], unreadable: Int) {
    let block = UInt64(BundleLimits.blockBytes)
    let length = length / block * block
    let found = FoundHashes(count: Int(length / block))
    let unreadable = SharedCounter(0)
    let count = Int((length + step - 1) / step)
    try ParallelSpans.forEach(
      0..<count, bufferBytes: Int(pieceBytes), cancellation, progress: progress
    ) { index, buffer in
      let start = UInt64(index) * step
      let bytes = buffer.prefix(Int(min(pieceBytes, length - start)))
      guard unreadable.current < BlockScan.patience else { return bytes.count }
      do { try device.read(into: bytes, at: start) } catch {
        _ = unreadable.increment()
        return bytes.count
      }
      let hashes = stride(from: 0, to: bytes.count, by: Int(block)).map { offset in
        BlockHash(of: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(block)]))
      }
      found.set(hashes, from: Int(start / block))
      return bytes.count
    }
    return (found.all, unreadable.current)
  }
}

/// Gathered from several threads.
///
/// `@unchecked Sendable`: the variable is only touched inside `monitor`.
private final class FoundHashes: @unchecked Sendable {
  private let monitor = Monitor()
  private var hashes: [BlockHash]

  init(count: Int) { hashes = [BlockHash](repeating: .ofZeros, count: count) }

  func set(_ some: [BlockHash], from start: Int) {
    monitor.locked { hashes.replaceSubrange(start..<start + some.count, with: some) }
  }

  var all: [BlockHash] { monitor.locked { hashes } }
}
