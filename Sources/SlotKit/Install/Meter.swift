internal import SlotCore

/// Turns the byte counts of one phase into events.
struct Meter {
  let phase: WorkPhase
  let total: UInt64
  let reader: any BundleReader
  let observer: InstallObserver

  init(
    _ phase: WorkPhase, total: UInt64, _ reader: any BundleReader,
    _ observer: @escaping InstallObserver
  ) {
    self.phase = phase
    self.total = total
    self.reader = reader
    self.observer = observer
  }

  /// Runs `body`, which reports from the calling thread only.
  func following<Result>(
    _ body: (@escaping @Sendable (UInt64) -> Void) throws -> Result
  ) rethrows -> Result {
    let box = CallingThread(self)
    let result = try body { done in box.report(done) }
    report(total)
    return result
  }

  func report(_ done: UInt64) {
    observer(.progress(phase, done: done, total: total, fetched: reader.bytesFetched))
  }

  /// `@unchecked Sendable`: `Threads.concurrently` runs worker 0, the only one that reports, on the thread that
  /// called it.
  private final class CallingThread: @unchecked Sendable {
    private let meter: Meter
    init(_ meter: Meter) { self.meter = meter }
    func report(_ done: UInt64) { meter.report(done) }
  }
}
