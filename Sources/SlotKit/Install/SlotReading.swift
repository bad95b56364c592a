internal import SlotCore

/// Reads a slot past the page cache, several large reads in flight, and compares every frame with its digest.
struct SlotReading: Sendable {
  let table: FrameTable
  let spans: FrameSpans
  let device: any SlotDevice
  let cancellation: Cancellation

  init(
    _ table: FrameTable, _ artefact: Artefact, _ device: any SlotDevice,
    _ cancellation: Cancellation
  ) {
    self.table = table
    spans = FrameSpans(artefact, bytes: FrameSpans.digestedBytes)
    self.device = device
    self.cancellation = cancellation
  }

  /// Which frames of the image the slot already has. A frame that cannot be read is one that it has not.
  ///
  /// `head` takes the first bytes when the first frame matches.
  func matchingFrames(
    head: SlotHead, progress: @Sendable @escaping (UInt64) -> Void
  ) throws -> [Bool] {
    let found = MatchedFrames(count: table.count)
    try forEachSpan(nil, progress) { frames, buffer in
      let offset = table[frames.lowerBound].imageOffset
      do { try device.read(into: buffer, at: offset) } catch is SlotFailure { return }
      let matching = table.matching(frames, in: UnsafeRawBufferPointer(buffer), from: offset)
      if matching.first == 0 { head.take(from: UnsafeRawBufferPointer(buffer)) }
      found.insert(matching)
    }
    return found.flags
  }

  /// Throws unless every frame in the slot is what the bundle's publisher signed. `head` stands for the first
  /// bytes while they are still held back.
  ///
  /// - Throws: `SlotFailure.readBackMismatch`, `.readFailed`.
  func prove(
    spans range: Range<Int>? = nil, head: SlotHead?,
    progress: @Sendable @escaping (UInt64) -> Void = { _ in }
  ) throws {
    try forEachSpan(range, progress) { frames, buffer in
      let start = table[frames.lowerBound].imageOffset
      try device.read(into: buffer, at: start)
      if frames.lowerBound == 0, let bytes = head?.bytes {
        buffer.copyMemory(from: bytes)
      }
      let matching = table.matching(frames, in: UnsafeRawBufferPointer(buffer), from: start)
      if let index = frames.first(where: { !matching.contains($0) }) {
        let offset = table[index].imageOffset
        throw SlotFailure(
          .readBackMismatch,
          "\(device.name) does not hold what was written to it, at byte \(offset)",
          hint: SlotFailure.diskHint)
      }
    }
  }

  private func forEachSpan(
    _ range: Range<Int>? = nil, _ progress: @escaping @Sendable (UInt64) -> Void,
    _ body: @escaping @Sendable (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let (table, spans) = (table, spans)
    try ParallelSpans.forEach(
      range ?? 0..<spans.count, bufferBytes: spans.byteCapacity, cancellation, progress: progress
    ) { index, buffer in
      let bytes = table.imageRange(spans[index])
      let count = Int(bytes.upperBound - bytes.lowerBound)
      try body(spans[index], buffer.prefix(count))
      return count
    }
  }
}

/// The frames that matched, gathered from several threads.
///
/// `@unchecked Sendable`: `flags` is only touched inside `monitor`.
private final class MatchedFrames: @unchecked Sendable {
  private let monitor = Monitor()
  private var matched: [Bool]

  init(count: Int) { matched = [Bool](repeating: false, count: count) }

  func insert(_ frames: [Int]) {
    monitor.locked { for index in frames { matched[index] = true } }
  }

  var flags: [Bool] { monitor.locked { matched } }
}
