import SlotCore
import Testing

@Suite struct HealthMonitorTests {
  private let policy = HealthPolicy(interval: 5000, deadline: 120_000)
  private let bad = CheckResult.unhealthy(reason: "gateway failed to start")

  @Test func theFirstRoundIsAtOnce() {
    var monitor = HealthMonitor(policy)
    #expect(monitor.start(at: 3000) == .check)
  }

  @Test func oneGoodRoundIsEnough() {
    var monitor = HealthMonitor(policy)
    _ = monitor.start(at: 3000)
    #expect(monitor.checked(.healthy, at: 3100) == .healthy)
  }

  @Test func aBadRoundIsRepeatedFiveSecondsAfterItsStart() {
    var monitor = HealthMonitor(policy)
    _ = monitor.start(at: 3000)
    #expect(monitor.checked(bad, at: 4000) == .wait(until: 8000))
    #expect(monitor.woken(at: 8000) == .check)
    #expect(monitor.checked(.healthy, at: 8100) == .healthy)
  }

  @Test func aRoundThatTookLongerThanTheIntervalIsFollowedAtOnce() {
    var monitor = HealthMonitor(policy)
    _ = monitor.start(at: 3000)
    #expect(monitor.checked(bad, at: 33_000) == .check)
  }

  @Test func theDeadlineEndsIt() {
    var monitor = HealthMonitor(policy)
    _ = monitor.start(at: 3000)
    #expect(monitor.checked(bad, at: 118_000) == .check)
    #expect(monitor.checked(bad, at: 118_500) == .wait(until: 120_000))
    #expect(monitor.woken(at: 120_000) == .check)
    #expect(
      monitor.checked(bad, at: 120_100) == .unhealthy(reason: "gateway failed to start"))
  }

  @Test func aGoodRoundThatBeganInTimeCounts() {
    var monitor = HealthMonitor(policy)
    _ = monitor.start(at: 119_000)
    #expect(monitor.checked(.healthy, at: 121_000) == .healthy)
  }

  @Test func aWatcherThatStartsLateStillGetsOneRound() {
    var monitor = HealthMonitor(policy)
    #expect(monitor.start(at: 500_000) == .check)
    #expect(monitor.checked(bad, at: 500_100) == .unhealthy(reason: "gateway failed to start"))
  }

  @Test func goodRoundsHaveToBeInARow() {
    var monitor = HealthMonitor(HealthPolicy(interval: 5000, deadline: 120_000, successes: 3))
    _ = monitor.start(at: 0)
    var now: Int64 = 0
    func round(_ result: CheckResult) -> HealthMonitor.Action {
      let action = monitor.checked(result, at: now + 10)
      now += 5000
      _ = monitor.woken(at: now)
      return action
    }
    #expect(round(.healthy) == .wait(until: 5000))
    #expect(round(.healthy) == .wait(until: 10_000))
    #expect(round(bad) == .wait(until: 15_000))
    #expect(round(.healthy) == .wait(until: 20_000))
    #expect(round(.healthy) == .wait(until: 25_000))
    #expect(round(.healthy) == .healthy)
  }

  @Test func tooFewGoodRoundsSayHowMany() {
    var monitor = HealthMonitor(HealthPolicy(interval: 5000, deadline: 10_000, successes: 3))
    _ = monitor.start(at: 10_000)
    #expect(
      monitor.checked(.healthy, at: 10_010)
        == .unhealthy(reason: "only 1 of 3 good checks in a row"))
  }
}
