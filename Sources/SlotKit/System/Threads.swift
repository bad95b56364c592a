internal import Glibc

/// Threads of the system for work that blocks: Swift's own pool must not.
enum Threads {
  /// A started thread, to be joined or detached, once.
  struct Handle: Sendable {
    fileprivate let thread: pthread_t
    func join() { pthread_join(thread, nil) }
    func detach() { pthread_detach(thread) }
  }

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Nil when the system has no thread left.
  static func start(_ run: @escaping @Sendable () -> Void) -> Handle? {
    let body = Unmanaged.passRetained(Body(run))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      return nil
    }
    return Handle(thread: thread)
  }

  /// As many as keep both the device and the processors busy: each has one write or read in flight, so while half of
  /// them wait for the device the others compute. Each takes a few MiB, hence the bound.
  static var workerCount: Int { min(6, 2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// As many as keep two slots busy, one that is read in many places and one that is written.
  static var rebuilderCount: Int { min(5, 3 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// As many as keep a disk busy that is read, while others of them digest what came.
  static var readerCount: Int { min(8, 2 * workerCount) }

  /// What `body` returns, or nil when it takes longer: then its thread is left behind, as one that hangs
  /// in the kernel cannot be ended.
  static func bounded<Result: Sendable>(
    milliseconds: Int64, _ body: @escaping @Sendable () -> Result
  ) -> Result? {
    let answer = Answer<Result>()
    guard let handle = start({ answer.give(body()) }) else { return body() }
    handle.detach()
    return answer.wait(milliseconds: milliseconds)
  }

  /// `@unchecked Sendable`: `value` is only touched inside `monitor`.
  private final class Answer<Value: Sendable>: @unchecked Sendable {
    private let monitor = Monitor()
    private var value: Value?

    func give(_ value: Value) {
      monitor.locked {
        self.value = value
        monitor.wakeAll()
      }
    }

    func wait(milliseconds: Int64) -> Value? {
      monitor.locked {
        let end = BootClock.now() + milliseconds
        while value == nil, BootClock.now() < end {
          monitor.wait(milliseconds: end - BootClock.now())
        }
        return value
      }
    }
  }

  /// Runs `body` on `count` threads and waits for all. Throws the first error that one of them threw;
  /// `failed` is called as soon as that happens, so that the others can be told to stop.
  static func concurrently(
    _ count: Int, failed: (@Sendable () -> Void)?,
    _ body: @escaping @Sendable (Int) throws -> Void
  ) throws {
    let firstError = FirstError()
    let work: @Sendable (Int) -> Void = { index in
      do { try body(index) } catch {
        firstError.record(error)
        failed?()
      }
    }
    let handles = (1..<max(1, count)).compactMap { index in start { work(index) } }
    work(0)
    for handle in handles { handle.join() }
    try firstError.rethrow()
  }
}

/// The first error that any of several threads met.
///
/// `@unchecked Sendable`: `error` is only touched inside `monitor`.
final class FirstError: @unchecked Sendable {
  private let monitor = Monitor()
  private var error: (any Error)?

  func record(_ error: any Error) {
    monitor.locked { if self.error == nil { self.error = error } }
  }

  func rethrow() throws {
    if let error = monitor.locked({ error }) { throw error }
  }
}
