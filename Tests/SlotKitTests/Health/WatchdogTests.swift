import Foundation
import SystemPackage
import Testing

@testable import SlotKit

/// Counts what is done to it.
///
/// `@unchecked Sendable`: `feedings` is only touched under `lock`.
private final class CountingWatchdog: Watchdog, @unchecked Sendable {
  let timeoutSeconds: Int
  private let lock = NSCondition()
  private var feedings = 0

  init(timeoutSeconds: Int) { self.timeoutSeconds = timeoutSeconds }

  func feed() {
    lock.withLock {
      feedings += 1
      lock.broadcast()
    }
  }

  func disarm() {}
  func release() {}

  var count: Int { lock.withLock { feedings } }

  /// False when it was not fed so often within `seconds`.
  func waitForFeedings(_ wanted: Int, seconds: Double = 30) -> Bool {
    let limit = Date(timeIntervalSinceNow: seconds)
    return lock.withLock {
      while feedings < wanted { if !lock.wait(until: limit) { return false } }
      return true
    }
  }
}

/// A clock that a test moves.
///
/// `@unchecked Sendable`: `time` is only touched under `lock`.
private final class TestClock: @unchecked Sendable {
  private let lock = NSLock()
  private var time: Int64 = 1000

  var now: Int64 {
    get { lock.withLock { time } }
    set { lock.withLock { time = newValue } }
  }
}

@Suite struct WatchdogFeederTests {
  private let clock = TestClock()

  private func feeder(_ watchdog: CountingWatchdog, until deadline: Int64) -> WatchdogFeeder {
    WatchdogFeeder(watchdog, until: deadline, now: { [clock] in clock.now })
  }

  @Test func itFeedsFourTimesInEachTimeout() {
    let watchdog = CountingWatchdog(timeoutSeconds: 40)
    let feeder = feeder(watchdog, until: 100_000)
    #expect(watchdog.waitForFeedings(1))
    // Moving the deadline makes the thread look at the clock.
    clock.now = 10_999
    #expect(feeder.feed(until: 100_001))
    clock.now = 11_000
    #expect(feeder.feed(until: 100_002))
    #expect(watchdog.waitForFeedings(2))
    clock.now = 21_000
    #expect(feeder.feed(until: 100_003))
    #expect(watchdog.waitForFeedings(3))
    #expect(feeder.stop())
    #expect(watchdog.count == 3)
  }

  @Test func itFeedsByItself() {
    let watchdog = CountingWatchdog(timeoutSeconds: 1)
    let feeder = WatchdogFeeder(watchdog, until: .max)
    #expect(watchdog.waitForFeedings(3))
    #expect(feeder.stop())
  }

  @Test func afterTheDeadlineItNeverFeedsAgain() {
    let watchdog = CountingWatchdog(timeoutSeconds: 1)
    let feeder = feeder(watchdog, until: 50_000)
    #expect(watchdog.waitForFeedings(1))
    clock.now = 50_000
    #expect(!feeder.feed(until: .max))
    let count = watchdog.count
    #expect(!feeder.feed(until: .max))
    #expect(!feeder.stop())
    #expect(watchdog.count == count)
  }

  @Test func theThreadItselfEndsAtTheDeadline() {
    let watchdog = CountingWatchdog(timeoutSeconds: 1)
    let feeder = WatchdogFeeder(watchdog, until: BootClock.now() + 600)
    // At 0, 250 and 500 ms, and no more.
    #expect(!watchdog.waitForFeedings(4, seconds: 2))
    #expect(watchdog.count >= 1)
    #expect(!feeder.stop())
  }

  @Test func aDeadlineThatHasPassedFeedsNothing() {
    let watchdog = CountingWatchdog(timeoutSeconds: 1)
    #expect(!feeder(watchdog, until: 1000).stop())
    #expect(watchdog.count == 0)
  }

  @Test func aDeadlineCanBeMovedBothWays() {
    let watchdog = CountingWatchdog(timeoutSeconds: 1)
    let feeder = feeder(watchdog, until: 2000)
    #expect(feeder.feed(until: 90_000))
    clock.now = 80_000
    #expect(feeder.feed(until: 80_001))
    clock.now = 80_001
    #expect(!feeder.feed(until: 90_000))
    #expect(!feeder.stop())
  }
}

@Suite struct HardwareWatchdogTests {
  @Test func aMachineMayHaveNone() throws {
    try withScratch { scratch in
      guard case .none = HardwareWatchdog.open(scratch.path("watchdog0"), timeoutSeconds: 30)
      else {
        Issue.record("a device was found")
        return
      }
    }
  }

  @Test func whatCannotBeOpenedIsReported() throws {
    try withScratch { scratch in
      let opening = HardwareWatchdog.open(scratch.path(""), timeoutSeconds: 30)
      guard case .unavailable(let reason) = opening else {
        Issue.record("\(opening)")
        return
      }
      #expect(reason.hasSuffix("cannot be opened: Is a directory"))
    }
  }

  /// A file takes no ioctl, as the poorest of drivers: what is written to it can be looked at.
  @Test func feedingAndReleasingNeverWriteTheMagicByte() throws {
    try withScratch { scratch in
      try scratch.write("watchdog0", "")
      let opening = HardwareWatchdog.open(scratch.path("watchdog0"), timeoutSeconds: 30)
      guard case .opened(let watchdog) = opening else {
        Issue.record("\(opening)")
        return
      }
      #expect(watchdog.timeoutSeconds == 4)
      #expect(!watchdog.stopsWhenReleased)
      watchdog.feed()
      watchdog.feed()
      watchdog.release()
      #expect(try scratch.read("watchdog0") == "\0\0")
    }
  }
}

@Suite struct BootClockTests {
  @Test func itIsTheUptimeOfTheKernel() throws {
    func uptime() throws -> Double {
      let text = try #require(Files.text("/proc/uptime"))
      return try #require(Double(text.split(separator: " ")[0]))
    }
    let before = try uptime()
    let now = Double(BootClock.now()) / 1000
    #expect(now >= before - 0.02)
    #expect(try now <= uptime() + 0.02)
  }
}
