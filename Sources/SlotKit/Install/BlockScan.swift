internal import SlotCore

/// Looks for an image's blocks in a slot, as fast as the device gives it.
struct BlockScan: Sendable {
  let device: any SlotDevice
  let search: BlockSearch
  let cancellation: Cancellation

  /// So many reads that fail end it: each may take the disk half a minute.
  private static let patience = 8

  /// So many places, of so many bytes each, tell whether there is something to be found.
  private static let sampleCount: UInt64 = 64
  private static let sampleBytes: UInt64 = 16 << 10

  private static let block = UInt64(BundleLimits.blockBytes)

  struct Outcome {
    let places: BlockPlaces
    /// Blocks that were found, one behind the other.
    let found: Int
    /// Bytes that were looked at and are no blocks of zeros.
    let searched: Int
    /// How many reads failed: what is there is not known.
    let unreadable: Int
  }

  /// What the first `length` bytes have of the `count` blocks of an image.
  ///
  /// - Throws: `CancellationFailure`.
  func all(
    of count: Int, length: UInt64, progress: @escaping @Sendable (UInt64) -> Void
  ) throws -> Outcome {
    let span = UInt64(FrameSpans.writtenBytes)
    return try run(count, length, every: span, span, progress)
  }

  /// The same, but only of some places all over it.
  func samples(of count: Int, length: UInt64) throws -> Outcome {
    let step = max(
      length / BlockScan.sampleCount / BlockScan.block * BlockScan.block, BlockScan.sampleBytes)
    return try run(count, length, every: step, BlockScan.sampleBytes) { _ in }
  }

  private func run(
    _ count: Int, _ length: UInt64, every step: UInt64, _ pieceBytes: UInt64,
    _ progress: @escaping @Sendable (UInt64) -> Void
  ) throws -> Outcome {
    let length = length / BlockScan.block * BlockScan.block
    let gathered = Gathered(count: count)
    let unreadable = SharedCounter(0)
    // The last block of a piece may end in the next one.
    try ParallelSpans.forEach(
      0..<Int((length + step - 1) / step),
      bufferBytes: Int(pieceBytes + BlockScan.block), cancellation, progress: progress
    ) { index, buffer in
      let start = UInt64(index) * step
      let piece = Int(min(pieceBytes, length - start))
      let more = Int(min(pieceBytes + BlockScan.block, length - start))
      for count in more > piece ? [more, piece] : [piece] {
        guard unreadable.current < BlockScan.patience else { break }
        let bytes = buffer.prefix(count)
        do { try device.read(into: bytes, at: start) } catch {
          _ = unreadable.increment()
          continue
        }
        gathered.add(
          search.find(in: UnsafeRawBufferPointer(bytes), starts: piece), of: piece, from: start)
        break
      }
      return piece
    }
    return gathered.outcome(unreadable: unreadable.current)
  }
}

/// Gathered from several threads.
///
/// `@unchecked Sendable`: the variables are only touched inside `monitor`.
private final class Gathered: @unchecked Sendable {
  private let monitor = Monitor()
  private var places: BlockPlaces
  private var found = 0
  private var searched = 0

  init(count: Int) { places = BlockPlaces(count: count) }

  func add(_ findings: BlockSearch.Findings, of bytes: Int, from start: UInt64) {
    monitor.locked {
      places.add(findings.matches, from: start)
      found += findings.matches.count
      searched += max(0, bytes - findings.zeros * BundleLimits.blockBytes)
    }
  }

  func outcome(unreadable: Int) -> BlockScan.Outcome {
    monitor.locked {
      BlockScan.Outcome(
        places: places, found: found, searched: searched, unreadable: unreadable)
    }
  }
}
