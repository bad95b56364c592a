internal import SlotCore
internal import Synchronization

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
    spans = FrameSpans(artefact)
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
      let matching = frames.filter { matches($0, in: buffer, of: frames) }
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
      try device.read(into: buffer, at: table[frames.lowerBound].imageOffset)
      if frames.lowerBound == 0, let bytes = head?.bytes {
        buffer.copyMemory(from: bytes)
      }
      for index in frames where !matches(index, in: buffer, of: frames) {
        let offset = table[index].imageOffset
        throw SlotFailure(
          .readBackMismatch,
          "\(device.name) does not hold what was written to it, at byte \(offset)",
          hint: SlotFailure.diskHint)
      }
    }
  }

  private func matches(
    _ index: Int, in buffer: UnsafeMutableRawBufferPointer, of frames: Range<Int>
  ) -> Bool {
    let frame = table[index]
    let start = Int(frame.imageOffset - table[frames.lowerBound].imageOffset)
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<start + frame.length])
    // The table was checked to have the digest of zeros for a zero frame.
    return frame.codec == .zero ? bytes.isAllZero : Digest(of: bytes) == frame.plainDigest
  }

  private func forEachSpan(
    _ range: Range<Int>? = nil, _ progress: @escaping @Sendable (UInt64) -> Void,
    _ body: @escaping @Sendable (Range<Int>, UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let range = range ?? 0..<spans.count
    let next = SharedCounter(range.lowerBound)
    let done = SharedCounter(0)
    let (table, spans, cancellation) = (table, spans, cancellation)
    let stop: @Sendable () -> Void = { next.set(range.upperBound) }
    try Threads.concurrently(min(Threads.workerCount, range.count), failed: stop) { worker in
      let buffer = AlignedBuffer(byteCount: spans.byteCapacity)
      while true {
        let index = next.increment()
        guard index < range.upperBound else { return }
        try cancellation.check()
        let frames = spans[index]
        let bytes = table.imageRange(frames)
        let count = Int(bytes.upperBound - bytes.lowerBound)
        try body(frames, buffer.prefix(count))
        let total = done.add(count)
        if worker == 0 { progress(UInt64(total)) }
      }
    }
  }
}

/// A counter that several threads share.
final class SharedCounter: Sendable {
  private let value: Atomic<Int>

  init(_ start: Int) { value = Atomic(start) }

  /// The value before.
  func increment() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }

  /// The value after.
  func add(_ count: Int) -> Int { value.wrappingAdd(count, ordering: .relaxed).newValue }

  func set(_ new: Int) { value.store(new, ordering: .relaxed) }

  var current: Int { value.load(ordering: .relaxed) }
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
