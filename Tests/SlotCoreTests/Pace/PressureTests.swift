import Testing

@testable import SlotCore

@Suite struct PressureReadingTests {
  private func reading(_ totals: [String: UInt64]) -> PressureReading {
    var reading = PressureReading()
    for (place, total) in totals {
      reading.add(place, "some avg10=1.00 avg60=0.50 avg300=0.00 total=\(total)\n")
    }
    return reading
  }

  @Test func theTotalOfSomeIsTaken() {
    let text = """
      some avg10=23.49 avg60=7.56 avg300=9.06 total=18832104877
      full avg10=0.00 avg60=0.00 avg300=0.00 total=7
      """
    #expect(PressureReading.total(text) == 18_832_104_877)
  }

  @Test(arguments: [
    "", "\n", "some", "some avg10=1.00", "some total=", "some total=-1", "some total=1e3",
    "some total=99999999999999999999", "full avg10=0.00 avg60=0.00 avg300=0.00 total=7",
  ])
  func whatHasNoTotalIsLeftOut(text: String) {
    var reading = PressureReading()
    reading.add("io", text)
    #expect(reading.isEmpty)
  }

  @Test func theLongestWaitCounts() {
    let later = reading(["a/io": 150, "b/io": 190, "b/cpu": 110])
    #expect(later.longestStall(since: reading(["a/io": 100, "b/io": 100, "b/cpu": 100])) == 90)
  }

  /// A group that is new has a whole life of waiting, and one that was made again counts from nothing.
  @Test func whatCannotBeComparedIsNoWait() {
    let earlier = reading(["a/io": 1000])
    #expect(reading(["b/io": 5_000_000]).longestStall(since: earlier) == 0)
    #expect(reading(["a/io": 10]).longestStall(since: earlier) == 0)
    #expect(PressureReading().longestStall(since: earlier) == 0)
  }
}

@Suite struct PressureThrottleTests {
  /// Readings a quarter of a second apart, each after others have waited for `percent` of the time.
  private struct Script {
    var throttle: PressureThrottle
    var now: Int64 = 1000
    var total: UInt64 = 0

    init(limit: Int) {
      throttle = PressureThrottle(limitPercent: limit)
      read(percent: 0)
    }

    mutating func read(percent: UInt64) {
      now += PressureThrottle.interval
      total += percent * UInt64(PressureThrottle.interval) * 10
      var reading = PressureReading()
      reading.add("other/io", "some avg10=0.00 total=\(total)")
      throttle.take(reading, at: now)
    }
  }

  @Test func belowTheLimitNothingWaits() {
    var script = Script(limit: 20)
    for _ in 0..<100 {
      script.read(percent: 20)
      #expect(script.throttle.delay(at: script.now) == 0)
    }
  }

  @Test func aboveTheLimitTheGapsGrowAndEnd() {
    var script = Script(limit: 20)
    var gaps: [Int64] = []
    for _ in 0..<8 {
      script.read(percent: 21)
      gaps.append(script.throttle.gap)
    }
    #expect(gaps == [4, 8, 16, 32, 64, 100, 100, 100])
  }

  /// Whatever the others do: ten steps a second.
  @Test func workGoesOnUnderFullPressure() {
    var script = Script(limit: 1)
    var steps = 0
    let end = script.now + 60_000
    while script.now < end {
      let delay = script.throttle.delay(at: script.now)
      #expect(delay <= PressureThrottle.longestGap)
      script.now += delay + 1
      steps += 1
      if script.throttle.isReadingDue(at: script.now) {
        script.now -= PressureThrottle.interval
        script.read(percent: 100)
      }
    }
    #expect(steps >= 600)
  }

  @Test func whenTheOthersAreDoneTheGapsGoAway() {
    var script = Script(limit: 20)
    for _ in 0..<8 { script.read(percent: 90) }
    var readings = 0
    while script.throttle.gap > 0, readings < 100 {
      script.read(percent: 3)
      readings += 1
    }
    #expect(readings < 20)
    script.now += 1000
    #expect(script.throttle.delay(at: script.now) == 0)
  }

  @Test func threadsStandInOneLine() {
    var script = Script(limit: 20)
    for _ in 0..<3 { script.read(percent: 50) }
    #expect(script.throttle.gap == 16)
    #expect((0..<4).map { _ in script.throttle.delay(at: script.now) } == [0, 16, 32, 48])
    #expect(script.throttle.delay(at: script.now + 64) == 0)
    #expect(script.throttle.delay(at: script.now + 64 + 1000) == 0)
  }

  /// A total may run ahead of the clock by a little.
  @Test func aLimitOfHundredIsNone() {
    var script = Script(limit: 100)
    for _ in 0..<8 { script.read(percent: 103) }
    #expect(script.throttle.gap == 0)
  }

  @Test func readingsAreAskedForNowAndThen() {
    var throttle = PressureThrottle(limitPercent: 20)
    #expect(throttle.isReadingDue(at: 0))
    throttle.take(PressureReading(), at: 0)
    #expect(!throttle.isReadingDue(at: PressureThrottle.interval - 1))
    #expect(throttle.isReadingDue(at: PressureThrottle.interval))
    // Two threads at one moment.
    throttle.take(PressureReading(), at: 0)
    #expect(throttle.gap == 0)
  }
}
