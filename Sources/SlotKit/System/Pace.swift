internal import SlotCore

/// Where the kernel's pressure stall information is read.
protocol PressureSource: Sendable {
  /// Empty where nobody says anything.
  mutating func reading() -> PressureReading
}

/// The pace of long work: how long each step has to wait for others on this machine.
///
/// `@unchecked Sendable`: the variables are only touched inside `monitor`.
final class Pace: @unchecked Sendable {
  private let monitor = Monitor()
  private var throttle: PressureThrottle
  private var source: any PressureSource
  private let clock: @Sendable () -> Int64

  /// - Parameters:
  ///   - limitPercent: the share of time that others may be kept waiting.
  ///   - clock: milliseconds.
  init(
    limitPercent: Int, _ source: any PressureSource,
    clock: @escaping @Sendable () -> Int64 = BootClock.now
  ) {
    throttle = PressureThrottle(limitPercent: limitPercent)
    self.source = source
    self.clock = clock
  }

  /// Milliseconds until the step that would begin now may begin.
  func delay() -> Int64 {
    monitor.locked {
      let now = clock()
      if throttle.isReadingDue(at: now) { throttle.take(source.reading(), at: now) }
      return throttle.delay(at: now)
    }
  }
}
