import Testing

@testable import SlotKit

@Suite struct RangePlanTests {
  @Test func smallGapsAreReadThrough() {
    let gap = RangePlan.gapBytes
    #expect(
      RangePlan.merged([0..<10, 10 + gap..<20 + gap, 21 + 2 * gap..<30 + 2 * gap])
        == [0..<20 + gap, 21 + 2 * gap..<30 + 2 * gap])
    #expect(RangePlan.merged([]) == [])
  }

  @Test func whatIsReadAlreadyIsLeftOut() {
    #expect(RangePlan.merged([0..<10, 5..<100, 90..<95], from: 7) == [7..<100])
    #expect(RangePlan.merged([0..<10, 4..<4], from: 10) == [])
  }

  @Test func requestsAreBounded() {
    // Gaps that grow: the smallest are closed.
    let count = UInt64(RangePlan.maximumCount) * 3
    let ranges = (0..<count).map { index in
      let start = index * 10_000 + index * index
      return start..<start + 100
    }
    let merged = RangePlan.merged(ranges)
    #expect(merged.count == RangePlan.maximumCount)
    #expect(merged.last == ranges.last)
    #expect(ranges.allSatisfy { wanted in merged.contains { $0.contains(wanted.lowerBound) } })
    #expect(zip(merged, merged.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
  }
}

@Suite struct FetchWindowTests {
  private func take(_ window: FetchWindow, at position: UInt64, _ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let taken = bytes.withUnsafeMutableBytes { window.take(at: position, into: $0) }
    return Array(bytes[..<taken])
  }

  private func store(_ window: FetchWindow, _ part: FetchPart, _ count: UInt64) {
    let bytes = (part.next..<part.next + count).map { UInt8(truncatingIfNeeded: $0 / 7) }
    bytes.withUnsafeBytes { window.store($0, in: part) }
  }

  /// Memory that is given back when nothing is wanted any more is not that of what waits to be read, and can be used again.
  @Test func whatIsFetchedStaysUntilItIsRead() {
    let window = FetchWindow()
    window.limit(to: 100 << 20)
    window.expect([7..<70_007], from: 7)
    let part = window.begin(limit: 1, now: 0)[0]
    store(window, part, part.missing)
    let wanted = (UInt64(7)..<70_007).map { UInt8(truncatingIfNeeded: $0 / 7) }
    #expect(take(window, at: 7, 40_000) == Array(wanted[..<40_000]))
    window.expect([], from: 40_007)
    #expect(take(window, at: 40_007, 70_000) == Array(wanted[40_000...]))
    window.expect([], from: 70_007)
    #expect(window.begin(limit: 1, now: 0).isEmpty)
    window.expect([700_000..<700_100], from: 70_007)
    let next = window.begin(limit: 1, now: 0)[0]
    store(window, next, next.missing)
    let expected = (UInt64(700_000)..<700_100).map { UInt8(truncatingIfNeeded: $0 / 7) }
    #expect(take(window, at: 700_000, 100) == expected)
  }

  /// What was fetched ahead and stands behind what is wanted now is given up once, and not for each piece again.
  @Test func whatIsWantedBeforeWhatIsThereIsAskedForFirst() {
    let window = FetchWindow()
    window.limit(to: 100 << 20)
    window.expect([0..<1000, 9_000_000..<9_500_000], from: 0)
    let ahead = window.begin(limit: 8, now: 0)
    #expect(ahead.map(\.start) == [0, 9_000_000])
    for part in ahead { store(window, part, part.missing) }
    #expect(take(window, at: 0, 1000).count == 1000)
    window.expect(
      [5_000_000..<5_000_100, 7_000_000..<7_000_100, 9_000_000..<9_500_000], from: 1000)
    #expect(
      window.begin(limit: 8, now: 0).map(\.start) == [5_000_000, 7_000_000, 9_000_000])
    #expect(take(window, at: 5_000_000, 10).isEmpty && !window.canBegin(limit: 8, now: 0))
  }

  @Test func noMoreIsAskedForThanThereIsRoomFor() {
    let window = FetchWindow()
    window.limit(to: 100 << 20)
    window.expect([0..<100 << 20], from: 0)
    let parts = window.begin(limit: 100, now: 0)
    #expect(parts.map(\.missing) == [1 << 20, 1 << 20, 1 << 20, 1 << 20])
    #expect(window.begin(limit: 100, now: 0).isEmpty)
    // What came early stays until what is before it was read.
    for part in parts.reversed() { store(window, part, part.missing) }
    #expect(!window.canBegin(limit: 100, now: 0))
    #expect(take(window, at: 0, 1 << 20).count == 1 << 20)
    #expect(take(window, at: 1 << 20, 1).count == 1)
    #expect(window.begin(limit: 100, now: 0).map(\.start) == [4 << 20])
    #expect(window.begin(limit: 100, now: 0).isEmpty)
  }

  @Test func theRingTurnsAround() {
    let window = FetchWindow()
    window.limit(to: 8 << 20)
    window.expect([0..<8 << 20], from: 0)
    var position: UInt64 = 0
    while position < 5 << 20 {
      for part in window.begin(limit: 8, now: 0) { store(window, part, part.missing) }
      let bytes = take(window, at: position, 700_001)
      #expect(!bytes.isEmpty)
      let expected = (position..<position + UInt64(bytes.count))
        .map { UInt8(truncatingIfNeeded: $0 / 7) }
      #expect(bytes == expected)
      position += UInt64(bytes.count)
    }
  }

  @Test func untilTheServerAnswersOneIsAsked() {
    let window = FetchWindow()
    window.expect([0..<1000, 50_000..<60_000], from: 0)
    let parts = window.begin(limit: 1, now: 0)
    #expect(parts.map(\.start) == [0])
    #expect(window.begin(limit: 1, now: 0).isEmpty)
    parts[0].state = .waiting(until: 5)
    #expect(window.begin(limit: 1, now: 4).isEmpty)
    #expect(window.nextTry(after: 4) == 5)
    // Nobody wakes up for what only waits for others to end.
    #expect(window.nextTry(after: 5) == nil)
    #expect(window.begin(limit: 1, now: 5).map(\.start) == [0])
  }

  @Test func readingOnAsksForMoreEachTime() {
    let window = FetchWindow()
    var asked: [UInt64] = []
    var position: UInt64 = 0
    while position < 6 << 20 {
      _ = take(window, at: position, 0)
      let parts = window.begin(limit: 8, now: 0)
      if !parts.isEmpty { asked.append(parts.map(\.missing).reduce(0, +)) }
      for part in parts { store(window, part, part.missing) }
      position += UInt64(take(window, at: position, 1 << 20).count)
    }
    #expect(asked.starts(with: [16 << 10, 64 << 10, 256 << 10, 1 << 20]))
    #expect(asked.allSatisfy { $0 <= FetchWindow.byteCount })
  }

  @Test func whoHasReadHalfIsGivenMoreAtOnce() {
    let window = FetchWindow()
    _ = take(window, at: 0, 0)
    for part in window.begin(limit: 8, now: 0) { store(window, part, part.missing) }
    #expect(take(window, at: 0, 8191).count == 8191)
    #expect(take(window, at: 8191, 1).count == 1)
    #expect(window.begin(limit: 8, now: 0).isEmpty)
    #expect(take(window, at: 8192, 1).count == 1)
    #expect(window.begin(limit: 8, now: 0).map(\.start) == [16384])
  }

  @Test func aFileThatIsReadThroughWaitsForRoom() {
    let window = FetchWindow()
    let part = window.readThrough()
    #expect(window.room(for: part) == FetchWindow.byteCount)
    store(window, part, FetchWindow.byteCount)
    #expect(window.room(for: part) == 0)
    #expect(take(window, at: 1000, 24).count == 24)
    #expect(window.room(for: part) == 1024)
  }

  @Test func whoGoesBackIsGivenWhatHeExpectsThere() {
    let window = FetchWindow()
    window.limit(to: 100 << 20)
    window.expect([5_000..<6_000, 50_000..<60_000], from: 0)
    let ahead = window.begin(limit: 8, now: 0)
    for part in ahead { store(window, part, part.missing) }
    #expect(take(window, at: 5_000, 1000).count == 1000)
    #expect(take(window, at: 50_000, 10).count == 10)
    window.restart(at: 1000)
    #expect(ahead[1].isDropped)
    window.expect([1000..<2000, 30_000..<31_000, 55_000..<56_000], from: 1000)
    let again = window.begin(limit: 8, now: 0)
    #expect(again.map(\.start) == [1000, 30_000, 55_000])
    for part in again { store(window, part, part.missing) }
    #expect(
      take(window, at: 30_000, 8) == (30_000..<30_008).map { UInt8(truncatingIfNeeded: $0 / 7) })
  }

  /// From there on, as the server gives no parts.
  @Test func whoReadsThroughCanGoBackToo() throws {
    let window = FetchWindow()
    let through = window.readThrough()
    store(window, through, 3000)
    #expect(take(window, at: 2000, 1000).count == 1000)
    window.restart(at: 500)
    #expect(through.isDropped && window.isReadThrough)
    let again = try #require(window.begin(limit: 1, now: 0).first)
    #expect(again.start == 500 && again.isOpen)
    store(window, again, 70)
    #expect(take(window, at: 500, 70) == (500..<570).map { UInt8(truncatingIfNeeded: $0 / 7) })
  }

  @Test func nothingIsAskedForBehindTheEnd() {
    let window = FetchWindow()
    window.expect([0..<1000, 50_000..<60_000, 90_000..<90_001], from: 0)
    window.limit(to: 55_000)
    #expect(window.begin(limit: 8, now: 0).map(\.end) == [1000, 55_000])
  }
}

@Suite struct RateLimitTests {
  @Test func whatComesIsPaidFor() {
    var limit = RateLimit(bytesPerSecond: 1000)
    #expect(limit.delay(now: 0) == 0)
    limit.take(bytes: 500, now: 0)
    limit.take(bytes: 500, now: 0)
    #expect(limit.delay(now: 0) == 1_000_000_000 - RateLimit.creditNanoseconds)
    #expect(limit.delay(now: 2_000_000_000) == 0)
    // Idle time gives no more than the credit.
    limit.take(bytes: 1000, now: 60_000_000_000)
    #expect(limit.delay(now: 60_000_000_000) == 1_000_000_000 - RateLimit.creditNanoseconds)
  }

  @Test(arguments: [
    ("0", 0), ("500000", 500_000), ("500k", 500 << 10), ("2M", 2 << 20), ("1G", 1 << 30),
    ("", nil), ("K", nil), ("-1", nil), ("1T", nil), ("1.5M", nil), ("٣", nil),
    ("9223372036854775807G", nil), ("99999999999999999999", nil),
  ])
  func ratesAreReadAsCurlReadsThem(text: String, expected: Int?) {
    #expect(RateLimit.bytesPerSecond(text) == expected)
  }

  @Test func aLimitedFetchHasFewInFlight() {
    var configuration = Configuration()
    #expect(HTTPOptions(configuration).inFlight(isMultiplexed: true) == HTTPOptions.streams)
    configuration.limitRate = 128 << 10
    #expect(HTTPOptions(configuration).inFlight(isMultiplexed: true) == 2)
    configuration.limitRate = 1
    #expect(HTTPOptions(configuration).inFlight(isMultiplexed: false) == 1)
    #expect(HTTPOptions(configuration).bufferBytes == 1024)
  }
}
