import Testing

@testable import SlotCore

/// Scripted work: what a person would see of it, ten times a second.
private struct Work {
  struct Moment {
    let time: Double
    let rate: Double?
    let left: Double?
  }

  var estimate = ProgressEstimate()
  let total: Double
  let toFetch: Double
  var (time, done, fetched) = (100.0, 0.0, 0.0)
  var seen: [Moment] = []

  init(total: Double, toFetch: Double = 0) {
    (self.total, self.toFetch) = (total, toFetch)
    look()
  }

  mutating func look() {
    estimate.update(
      done: UInt64(done), total: UInt64(total), fetched: UInt64(fetched),
      toFetch: UInt64(toFetch), at: time)
    seen.append(
      Moment(
        time: time, rate: estimate.bytesPerSecond, left: estimate.secondsLeft))
  }

  mutating func go(_ seconds: Double, rate: Double, fetchRate: Double = 0, every step: Double = 0.1)
  {
    for _ in 0..<Int((seconds / step).rounded()) {
      time += step
      done = min(total, done + rate * step)
      fetched += fetchRate * step
      look()
    }
  }

  /// The most that the time left differs from a clock that runs down, between two looks.
  var largestJump: Double {
    zip(seen, seen.dropFirst()).reduce(0) { most, pair in
      guard let before = pair.0.left, let after = pair.1.left, after > 0 else { return most }
      return max(most, abs(after - (before - (pair.1.time - pair.0.time))))
    }
  }
}

private func isNear(_ value: Double?, _ wanted: Double, within part: Double) -> Bool {
  value.map { abs($0 - wanted) <= wanted * part } ?? false
}

@Suite struct EstimateTests {
  @Test func aConstantRateIsExactFromTheFirstSecond() {
    var work = Work(total: 1000e6)
    work.go(0.9, rate: 20e6)
    #expect(work.seen.allSatisfy { $0.rate == nil && $0.left == nil })
    work.go(30, rate: 20e6)
    for moment in work.seen.dropFirst(12) {
      #expect(isNear(moment.rate, 20e6, within: 0.001))
      #expect(isNear(moment.left, 150 - moment.time, within: 0.001))
    }
  }

  /// Two hundred a second and one in five seconds are the same rate.
  @Test(arguments: [0.005, 0.5, 5])
  func itDoesNotMatterHowOftenNewsComes(step: Double) {
    var work = Work(total: 1000e6)
    work.go(30, rate: 10e6, every: step)
    #expect(isNear(work.estimate.bytesPerSecond, 10e6, within: 0.001))
    #expect(isNear(work.estimate.secondsLeft, 70, within: 0.02))
  }

  @Test func theEndIsTheEnd() {
    var work = Work(total: 100)
    work.go(0.1, rate: 1000)
    #expect(work.estimate.secondsLeft == 0)
    #expect(work.estimate.bytesPerSecond == nil)
  }

  @Test func nothingIsSaidOfWorkThatHasNotBegun() {
    var work = Work(total: 100)
    work.go(60, rate: 0)
    #expect(work.estimate.secondsLeft == nil && work.estimate.bytesPerSecond == nil)
  }

  /// A connection that is silent for half a minute, with no news meanwhile.
  @Test func aStallMovesTheTimeLeftALittle() throws {
    var work = Work(total: 1000e6)
    work.go(40, rate: 10e6)
    let before = try #require(work.estimate.secondsLeft)
    work.go(30, rate: 0, every: 30)
    work.go(0.1, rate: 10e6)
    let after = try #require(work.estimate.secondsLeft)
    #expect(after > before - 31 && after < 2 * before)
    work.go(20, rate: 10e6)
    #expect(isNear(work.estimate.secondsLeft, 40, within: 0.5))
  }

  /// The rate is the mean: whoever is silent for three seconds of four has a quarter of it.
  @Test func stallsThatComeAgainCount() {
    var work = Work(total: 10_000e6)
    for _ in 0..<20 {
      work.go(1, rate: 40e6)
      work.go(3, rate: 0, every: 3)
    }
    #expect(isNear(work.estimate.bytesPerSecond, 10e6, within: 0.25))
  }

  @Test(arguments: [(100e6, 10e6), (10e6, 100e6)])
  func anotherRateIsFollowedWithoutAJump(first: Double, then: Double) {
    var work = Work(total: 10_000e6)
    work.go(20, rate: first)
    let before = work.seen.count
    work.go(40, rate: then)
    #expect(isNear(work.estimate.bytesPerSecond, then, within: 0.25))
    let left = (10_000e6 - 20 * first - 40 * then) / then
    #expect(isNear(work.estimate.secondsLeft, left, within: 0.5))
    // No more than a tenth of what is there, in a tenth of a second.
    for (old, new) in zip(work.seen[before...], work.seen[(before + 1)...]) {
      guard let old = old.left, let new = new.left else { continue }
      #expect(abs(new - old) < 0.1 * old + 0.5)
    }
  }

  /// Nine tenths are zeros and written in no time; the rest has to be fetched.
  @Test func zerosInFrontDoNotPromiseAnEarlyEnd() {
    var work = Work(total: 1000e6, toFetch: 50e6)
    work.go(0.9, rate: 1000e6)
    work.go(2.1, rate: 2e6, fetchRate: 1e6)
    #expect(work.seen.allSatisfy { $0.left.map { $0 > 30 } ?? true })
    work.go(17, rate: 2e6, fetchRate: 1e6)
    #expect(isNear(work.estimate.secondsLeft, 31, within: 0.1))
    #expect(work.largestJump < 2)
  }

  /// What is fetched in no time, out of a file, promises nothing either.
  @Test func theSlowerOfTheTwoCounts() {
    var work = Work(total: 1000e6, toFetch: 100e6)
    work.go(10, rate: 10e6, fetchRate: 9e6)
    #expect(isNear(work.estimate.secondsLeft, 90, within: 0.01))
  }

  /// Headers and what is read ahead may come to more than the plan says.
  @Test func moreThanWasToBeFetchedIsNoError() {
    var work = Work(total: 100e6, toFetch: 1e6)
    work.go(5, rate: 10e6, fetchRate: 10e6)
    #expect(isNear(work.estimate.secondsLeft, 5, within: 0.01))
    work.estimate.update(done: 200_000_000, total: 100_000_000, at: 10)
    #expect(work.estimate.secondsLeft == 0)
  }

  @Test func whatGoesBackIsNoRate() {
    var rate = RateEstimate()
    rate.update(100, at: 0)
    rate.update(50, at: 10)
    rate.update(40, at: 5)
    #expect(rate.bytesPerSecond == nil)
  }

  @Test func whatTakesForEverIsNotKnown() {
    var work = Work(total: 1e18)
    work.go(10, rate: 1000)
    #expect(work.estimate.secondsLeft == nil)
  }
}
