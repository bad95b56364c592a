/// A thread that feeds a watchdog until a deadline on the boot clock, and then never again: whatever hangs
/// after that, the watchdog resets the machine.
///
/// `@unchecked Sendable`: all state is only touched inside `monitor`.
public final class WatchdogFeeder: @unchecked Sendable {
  private let watchdog: any Watchdog
  private let now: @Sendable () -> Int64
  private let monitor = Monitor()
  private var deadline: Int64
  private var hasEnded = false
  private var thread: Threads.Handle?

  /// Feeds at once, and from then on four times in each time-out.
  ///
  /// - Parameters:
  ///   - deadline: milliseconds of `BootClock`; `Int64.max` for none.
  ///   - now: milliseconds of `BootClock`.
  public init(
    _ watchdog: any Watchdog, until deadline: Int64,
    now: @escaping @Sendable () -> Int64 = { BootClock.now() }
  ) {
    self.watchdog = watchdog
    self.deadline = deadline
    self.now = now
    thread = Threads.start { [self] in feed() }
  }

  /// Moves the deadline. False when the old one has passed, which is for good.
  @discardableResult
  public func feed(until deadline: Int64) -> Bool {
    monitor.locked {
      guard !hasEnded, now() < self.deadline else { return false }
      self.deadline = deadline
      monitor.wakeAll()
      return true
    }
  }

  /// Ends the feeding before its time, so that somebody else can feed. False when the deadline has passed.
  @discardableResult
  public func stop() -> Bool {
    let wasInTime = monitor.locked {
      let wasInTime = !hasEnded && now() < deadline
      hasEnded = true
      monitor.wakeAll()
      return wasInTime
    }
    thread?.join()
    thread = nil
    return wasInTime
  }

  private func feed() {
    let interval = Int64(watchdog.timeoutSeconds) * 1000 / 4
    var next = now()
    monitor.locked {
      while !hasEnded {
        let time = now()
        guard time < deadline else {
          hasEnded = true
          return
        }
        if time >= next {
          watchdog.feed()
          next = time + interval
        }
        monitor.wait(milliseconds: min(next, deadline) - time)
      }
    }
  }
}
