internal import Synchronization

/// Work on many pieces of a slot, several at a time, so that the device always has some to read.
enum ParallelSpans {
  /// Calls `body` for each number of `range`, on several threads, each of which has one buffer. `body` returns the
  /// bytes that it has done; `progress` gets their sum, on the calling thread.
  static func forEach(
    _ range: Range<Int>, bufferBytes: Int, _ cancellation: Cancellation,
    progress: @escaping @Sendable (UInt64) -> Void,
    _ body: @escaping @Sendable (Int, AlignedBuffer) throws -> Int
  ) throws {
    let next = SharedCounter(range.lowerBound)
    let done = SharedCounter(0)
    let stop: @Sendable () -> Void = { next.set(range.upperBound) }
    try Threads.concurrently(min(cancellation.readerCount, range.count), failed: stop) { worker in
      let buffer = AlignedBuffer(byteCount: bufferBytes)
      while true {
        let index = next.increment()
        guard index < range.upperBound else { return }
        try cancellation.check()
        let total = done.add(try body(index, buffer))
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
