import SlotCore
import Testing

/// What is kept between runs: when the feed is asked again, and which images are not taken.
@Suite struct AutoMemoryTests {
  private var settings = AutoSettings()
  private let start = AutoMoment(wall: time("2026-03-01T12:00:00Z"), boot: "one", uptime: 10_000)

  /// The decision of a device on which nothing is new.
  private func isDue(
    _ memory: AutoMemory, after seconds: Int64, wall: Int64? = nil, boot: String = "one",
    _ settings: AutoSettings? = nil
  ) -> Bool {
    var settings = settings ?? self.settings
    settings.isEnabled = true
    let uptime = boot == "one" ? start.uptime + seconds * 1000 : seconds * 1000
    let now = AutoMoment(
      wall: Timestamp(seconds: start.wall.seconds + (wall ?? seconds)), boot: boot, uptime: uptime)
    let device = AutoDevice(assessment: .settled, version: "1", sequence: 1, other: nil)
    let facts = AutoFacts(now: now, device: device, answer: nil)
    return AutoPolicy(settings, .success(WindowSchedule([], .utc)), memory, facts).decision
      == .check
  }

  private func answered(chance: Int64 = 0) -> AutoMemory {
    var memory = AutoMemory()
    memory.asks(settings, start) { _ in 0 }
    memory.answered(settings) { min($0, chance) }
    return memory
  }

  // MARK: - When

  @Test func theFirstQuestionIsDue() { #expect(isDue(AutoMemory(), after: 0)) }

  @Test func theFeedIsAskedOnceInAnInterval() {
    #expect(!isDue(answered(), after: 6 * 3600 - 1))
    #expect(isDue(answered(), after: 6 * 3600))
  }

  @Test func chanceMakesItLater() {
    #expect(!isDue(answered(chance: 100), after: 6 * 3600 + 99))
    #expect(isDue(answered(chance: 100), after: 6 * 3600 + 100))
    #expect(isDue(answered(chance: .max), after: 6 * 3600 + 1800))
  }

  /// In one boot only the clock counts that nobody sets.
  @Test func aClockThatJumpsChangesNothing() {
    for jump: Int64 in [-400 * 86_400, -3600, 3600, 80 * 365 * 86_400] {
      #expect(!isDue(answered(), after: 3600, wall: jump))
      #expect(isDue(answered(), after: 6 * 3600, wall: jump))
    }
  }

  @Test func overARebootTheWallClockCounts() {
    #expect(!isDue(answered(), after: 60, wall: 6 * 3600 - 1, boot: "two"))
    #expect(isDue(answered(), after: 60, wall: 6 * 3600, boot: "two"))
    // A clock that goes back tells nothing, and years without a question would be worse than one.
    #expect(isDue(answered(), after: 60, wall: -1, boot: "two"))
  }

  @Test func aShorterIntervalCountsAtOnce() {
    var shorter = settings
    shorter.interval = 3600
    shorter.jitter = 0
    #expect(!isDue(answered(), after: 3599, shorter))
    #expect(isDue(answered(), after: 3600, shorter))
  }

  // MARK: - Back-off

  @Test func eachFailureDoublesTheWait() {
    var memory = AutoMemory()
    var waits: [Int64] = []
    for _ in 0..<8 {
      memory.asks(settings, start) { _ in 0 }
      waits.append(memory.delay)
      memory.checkFailed("no connection")
    }
    #expect(waits == [900, 1800, 3600, 7200, 14_400, 21_600, 21_600, 21_600])
    memory.answered(settings) { _ in 0 }
    #expect(memory.failures == 0)
    #expect(memory.failure == nil)
  }

  @Test func theWaitAfterAFailureIsSpreadToo() {
    var memory = AutoMemory()
    memory.asks(settings, start) { $0 }
    #expect(memory.delay == 1800)
  }

  /// A feed that answers does not make an install that fails any better.
  @Test func installsThatFailAreTriedLessAndLess() {
    var memory = AutoMemory()
    var waits: [Int64] = []
    for _ in 0..<7 {
      memory.answered(settings) { _ in 0 }
      #expect(memory.failure == nil)
      memory.installFailed("the disk", settings, start) { _ in 0 }
      #expect(memory.failure == "the disk")
      waits.append(memory.delay)
    }
    #expect(waits == [900, 1800, 3600, 7200, 14_400, 21_600, 21_600])
    memory.installed()
    #expect(memory.installFailures == 0)
  }

  // MARK: - What is not taken

  private func device(
    _ assessment: BootAssessment, _ state: SlotState?, sequence: Int64 = 1,
    _ change: (inout SlotRecord) -> Void = { _ in }
  ) -> AutoDevice {
    let image = ImageIdentity(
      version: "1.0.2", sequence: 2, imageDigest: release(2).imageDigest, imageLength: 1,
      frameSize: 4096)
    let record = state.map { state in
      var record = SlotRecord(image: image, state: state, since: start.wall)
      change(&record)
      return record
    }
    return AutoDevice(assessment: assessment, version: "1", sequence: sequence, other: record)
  }

  private func tried(isPending: Bool) -> AutoMemory {
    var memory = AutoMemory()
    memory.tries(release(2), start)
    if !isPending { memory.applied(release(2).imageDigest) }
    return memory
  }

  private func settled(
    _ memory: AutoMemory, _ device: AutoDevice, boot: String = "one"
  ) -> AutoMemory.Passed? {
    var memory = memory
    var now = start
    now.boot = boot
    memory.settle(device, now)
    return memory.passed(release(2).imageDigest)
  }

  /// A cut between the note and the switch is no trial.
  @Test func aSwitchThatNeverHappenedIsForgotten() {
    let pending = tried(isPending: true)
    #expect(settled(pending, device(.settled, .writing)) == nil)
    #expect(settled(pending, device(.switchNeverHappened(.b), .staged)) == nil)
    #expect(settled(pending, device(.settled, .cancelled), boot: "two") == nil)
  }

  @Test func aTrialIsRemembered() {
    let pending = tried(isPending: true)
    #expect(settled(pending, device(.staged, .staged))?.why == .tried)
    #expect(settled(pending, device(.settled, .failed), boot: "two")?.why == .tried)
    #expect(settled(pending, device(.settled, nil), boot: "two")?.why == .tried)
    // Called off by an operator, or tried without a trace of how it ended.
    #expect(settled(pending, device(.settled, .cancelled))?.why == .tried)
    let cut = device(.settled, .cancelled) { $0.inconclusive = "cut off" }
    #expect(settled(pending, cut, boot: "two")?.why == .tried)
    let switched = tried(isPending: false)
    for state: SlotState in [.writing, .cancelled, .staged] {
      #expect(settled(switched, device(.settled, state), boot: "two")?.why == .tried)
    }
  }

  @Test func whatTheDeviceWentBackFromIsLeft() {
    let left = device(.settled, .confirmed) { $0.everConfirmed = true }
    #expect(settled(AutoMemory(), left)?.why == .left)
    // The one before it is no version that was left.
    #expect(
      settled(AutoMemory(), device(.settled, .confirmed, sequence: 3) { $0.everConfirmed = true })
        == nil)
    #expect(settled(AutoMemory(), device(.staged, .staged) { $0.everConfirmed = true }) == nil)
    #expect(settled(AutoMemory(), device(.settled, .writing)) == nil)
  }

  @Test func theListIsBounded() {
    var memory = AutoMemory()
    for sequence in 1...40 { memory.tries(release(Int64(sequence)), start) }
    memory.tries(release(40), start)
    #expect(memory.passed.count == AutoMemory.maximumPassed)
    #expect(memory.passed(release(8).imageDigest) == nil)
    #expect(memory.passed(release(9).imageDigest) != nil)
  }

  // MARK: - The file

  @Test func whatIsWrittenIsRead() {
    var memory = answered(chance: 7)
    memory.tries(release(2), start)
    memory.reboots(for: release(2).imageDigest, start)
    memory.checkFailed("no connection")
    memory.downloaded = release(3).imageDigest
    memory.inhibited = ["somebody watches a film"]
    memory.told = "window 1.0.3"
    memory.installFailures = 3
    #expect(AutoMemory(decoding: memory.encoded) == memory)
    #expect(AutoMemory(decoding: AutoMemory().encoded) == AutoMemory())
  }

  @Test func aDamagedFileIsNone() throws {
    let bytes = tried(isPending: true).encoded
    for copy in damagedCopies(bytes) {
      // What is read all the same is bounded: no delay from a file keeps a device from asking.
      guard let memory = AutoMemory(decoding: copy) else { continue }
      #expect(isDue(memory, after: 31 * 86_400))
    }
    #expect(AutoMemory(decoding: Array(#"{"type":"krux-feed"}"#.utf8)) == nil)
    let text = String(decoding: bytes, as: UTF8.self)
    let long = text.split(separator: "\n").map { line in
      line.contains("delaySeconds") ? "  \"delaySeconds\": 9000000000," : String(line)
    }
    #expect(AutoMemory(decoding: Array(long.joined(separator: "\n").utf8)) == nil)
  }
}
