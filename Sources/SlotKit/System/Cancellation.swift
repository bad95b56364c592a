internal import Glibc
public import SlotCore
internal import Synchronization

public enum CancellationCode: String, FailureCode {
  public static var domain: FailureDomain { .cancelled }
  case interrupted
}

public typealias CancellationFailure = Failure<CancellationCode>

/// A request to stop, which long work looks at between its steps. Ctrl-C is one. Work in the background waits there
/// for others, too.
public final class Cancellation: Sendable {
  private let signal = Atomic<Int32>(0)
  private let pace = AtomicLazyReference<Pace>()
  private let alone = Atomic<Bool>(false)
  private let monitor = Monitor()

  public init() {}

  /// The number of the signal that asked, or nil.
  public var signalNumber: Int32? {
    let number = signal.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }

  public func cancel(signal number: Int32) {
    signal.store(number, ordering: .releasing)
    monitor.locked { monitor.wakeAll() }
  }

  /// From now on `check` waits as long as `pace` asks for. The first pace is kept.
  func follow(_ pace: Pace) { _ = self.pace.storeIfNil(pace) }

  /// From now on one thread does what several did.
  func workAlone() { alone.store(true, ordering: .relaxed) }

  /// Whether `workAlone` was called.
  var isAlone: Bool { alone.load(ordering: .relaxed) }

  /// Threads that work on a slot together. In the background it is one: then another program finds one write or read of a
  /// slot before its own in the disk's queue, which no priority would move, and not as many as there are threads.
  var workerCount: Int { isAlone ? 1 : Threads.workerCount }

  /// The same, of threads that rebuild frames: between reading and writing they wait for two slots.
  var rebuilderCount: Int { isAlone ? 1 : Threads.rebuilderCount }

  /// The same, of threads that only read: they mostly wait for the disk.
  var readerCount: Int { isAlone ? 1 : Threads.readerCount }

  /// Stands between two steps of long work. In the background it waits; not to be called with a lock held.
  ///
  /// - Throws: `interrupted` once `cancel` was called.
  public func check() throws(CancellationFailure) {
    try throwIfCancelled()
    guard let pace = pace.load() else { return }
    try sleep(milliseconds: pace.delay())
  }

  /// The same, and never waits.
  func throwIfCancelled() throws(CancellationFailure) {
    guard signalNumber == nil else {
      throw CancellationFailure(
        .interrupted, "interrupted",
        hint: "the running system is untouched; the same command again carries on")
    }
  }

  /// Waits, and is woken by a cancellation.
  func sleep(milliseconds: Int64) throws(CancellationFailure) {
    monitor.locked {
      if signalNumber == nil, milliseconds > 0 { monitor.wait(milliseconds: milliseconds) }
    }
    try throwIfCancelled()
  }

  /// From now on SIGINT, SIGTERM and SIGHUP cancel, and a second one ends the process at once.
  ///
  /// The signals are blocked and waited for on a thread, so no code runs in a signal handler. Call before
  /// any other thread is started.
  public func watchSignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    let watched = signals
    _ = Threads.start { [self] in
      var signals = watched
      while true {
        var number: Int32 = 0
        guard sigwait(&signals, &number) == 0 else { continue }
        if signalNumber != nil { _exit(128 + number) }
        cancel(signal: number)
      }
    }
  }
}
