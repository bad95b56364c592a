internal import Glibc
internal import SystemPackage

/// Work on numbered pieces by all processors, its results delivered in the order of the numbers.
///
/// `@unchecked Sendable`: the variables are only touched inside `monitor`.
final class OrderedWork<Result: Sendable>: @unchecked Sendable {
  private let monitor = Monitor()
  private let count: Int
  /// How many pieces may be in memory: begun, and not delivered.
  private let window: Int
  private var begun = 0
  private var delivered = 0
  private var finished: [Int: Result] = [:]
  private var failed = false

  private init(count: Int, window: Int) {
    self.count = count
    self.window = window
  }

  static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Calls `work` for each of `0..<count` on any thread, and `deliver` one at a time, in order. Throws the
  /// first error of either; nothing is begun after it.
  static func run(
    count: Int, workers: Int = processors, work: @escaping @Sendable (Int) throws -> Result,
    deliver: @escaping @Sendable (Result) throws -> Void
  ) throws {
    let state = OrderedWork(count: count, window: 2 * workers)
    let worker: @Sendable (Int) throws -> Void = { _ in
      while let index = state.begin() {
        try state.finish(index, try work(index), deliver)
      }
    }
    try Threads.concurrently(min(workers, max(1, count)), failed: { state.fail() }, worker)
  }

  private func begin() -> Int? {
    monitor.locked {
      while begun < count, begun - delivered >= window, !failed { monitor.wait() }
      guard begun < count, !failed else { return nil }
      begun += 1
      return begun - 1
    }
  }

  private func finish(
    _ index: Int, _ result: Result, _ deliver: (Result) throws -> Void
  ) throws {
    try monitor.locked {
      finished[index] = result
      while !failed, let next = finished.removeValue(forKey: delivered) {
        try deliver(next)
        delivered += 1
      }
      monitor.wakeAll()
    }
  }

  private func fail() {
    monitor.locked {
      failed = true
      monitor.wakeAll()
    }
  }
}
