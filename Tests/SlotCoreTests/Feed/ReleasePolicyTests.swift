import SlotCore
import Testing

@Suite struct ReleasePolicyTests {
  private func facts(_ sequence: Int64?, pin: String? = nil, floor: Int64 = 0) -> ReleaseFacts {
    ReleaseFacts(
      hardware: ["box"], version: sequence.map { "1.0.\($0)" }, sequence: sequence,
      image: sequence.map { Digest(of: Array("image \($0)".utf8)) }, floor: floor,
      machineID: "machine", pin: pin, now: Timestamp(seconds: 1_700_002_000))
  }

  private func choose(
    _ index: ReleaseIndex, _ facts: ReleaseFacts, now: Bool = false
  ) -> ReleaseChoice {
    ReleasePolicy(index, facts).choose(now: now)
  }

  // MARK: - The newest

  @Test func theNewestIsOffered() {
    let choice = choose(index(release(2), release(4), release(3)), facts(1))
    #expect(choice.offer == .available(release(4), towards: nil))
    #expect(choice.newest == release(4))
  }

  @Test func nothingNewerIsUpToDate() {
    let choice = choose(index(release(2), release(1)), facts(2))
    #expect(choice == ReleaseChoice(newest: nil, offer: .upToDate, runningWithdrawn: nil))
    #expect(choose(index(), facts(nil)).offer == .upToDate)
  }

  /// A device that does not know its own sequence takes what there is.
  @Test func anUnknownSequenceIsTheLowest() {
    #expect(choose(index(release(1)), facts(nil)).offer == .available(release(1), towards: nil))
  }

  @Test func otherHardwareHasOtherReleases() {
    let choice = choose(index(release(2), release(3, compatible: ["other"])), facts(1))
    #expect(choice.offer == .available(release(2), towards: nil))
  }

  @Test func nothingBelowAFloorIsOffered() {
    #expect(choose(index(release(5)), facts(1, floor: 6)).offer == .upToDate)
    #expect(choose(index(release(5), floor: 6), facts(1)).offer == .upToDate)
    let both = choose(index(release(6), floor: 6), facts(1, floor: 6))
    #expect(both.offer == .available(release(6), towards: nil))
  }

  // MARK: - Withdrawn, known bad

  @Test func aWithdrawnReleaseIsNotOffered() {
    let choice = choose(index(release(2), release(3, withdrawn: "bad")), facts(1))
    #expect(choice.offer == .available(release(2), towards: nil))
    #expect(choice.runningWithdrawn == nil)
  }

  @Test func whoRunsAWithdrawnReleaseIsTold() {
    let bad = release(2, withdrawn: "bad")
    #expect(choose(index(bad), facts(2)).runningWithdrawn == bad)
    var other = facts(2)
    other.image = Digest(of: [])
    #expect(choose(index(bad), other).runningWithdrawn == nil)
    other.image = nil
    #expect(choose(index(bad), other).runningWithdrawn == bad)
  }

  @Test func whatFailedHereIsNotOffered() {
    var facts = facts(1)
    facts.knownBad = [release(3).imageDigest: "it hung"]
    let only = choose(index(release(3)), facts)
    #expect(only.offer == .held(release(3), .knownBad("it hung")))
    #expect(only.newest == release(3))
    let older = choose(index(release(2), release(3)), facts)
    #expect(older.offer == .available(release(2), towards: nil))
    let newer = choose(index(release(3), release(4)), facts)
    #expect(newer.offer == .available(release(4), towards: nil))
  }

  // MARK: - Stepping stones

  @Test func aSteppingStoneLeadsOn() {
    let index = index(release(2), release(3), release(9, minimumSource: 3))
    #expect(
      choose(index, facts(1)).offer
        == .available(release(3), towards: release(9, minimumSource: 3)))
    #expect(
      choose(index, facts(3)).offer == .available(release(9, minimumSource: 3), towards: nil))
  }

  @Test func withoutAStoneItIsSaid() {
    let far = release(9, minimumSource: 3)
    #expect(choose(index(far), facts(1)).offer == .held(far, .sourceTooOld(3)))
  }

  // MARK: - Rollouts

  private func later(_ percent: Int, _ seconds: Int64) -> Rollout {
    Rollout(waves: [
      .init(from: Timestamp(seconds: 1_700_000_000), percent: 0),
      .init(from: Timestamp(seconds: seconds), percent: percent),
    ])
  }

  @Test func aRolloutHoldsTheNewestBack() {
    let slow = release(3, rollout: later(100, 1_800_000_000))
    let time = Timestamp(seconds: 1_800_000_000)
    #expect(choose(index(slow), facts(1)).offer == .later(slow, time))
    #expect(choose(index(slow), facts(1), now: true).offer == .available(slow, towards: nil))
    // An older one that is here already is taken meanwhile.
    let choice = choose(index(release(2), slow), facts(1))
    #expect(choice.offer == .available(release(2), towards: nil))
    #expect(choice.newest == slow)
  }

  @Test func aWaveThatIsNotPlannedIsSaid() {
    let never = release(3, rollout: later(0, 1_800_000_000))
    #expect(choose(index(never), facts(1)).offer == .held(never, .unplanned))
  }

  // MARK: - Pins

  @Test func aPinnedDeviceStays() {
    let choice = choose(index(release(2), release(3)), facts(2, pin: "1.0.2"))
    #expect(choice.offer == .held(release(3), .pinned("1.0.2")))
    #expect(choice.newest == release(3))
  }

  @Test func aPinnedDeviceGoesToItsVersion() {
    let index = index(release(2), release(3), release(4))
    #expect(
      choose(index, facts(2, pin: "1.0.3")).offer == .available(release(3), towards: nil))
    #expect(
      choose(index, facts(4, pin: "1.0.3")).offer == .available(release(3), towards: nil))
    #expect(
      choose(index, facts(2, pin: "7")).offer == .held(release(4), .pinUnknown("7")))
  }

  @Test func aPinIsNoWayAroundWhatHolds() {
    var facts = facts(1, pin: "1.0.3")
    facts.knownBad = [release(3).imageDigest: "it hung"]
    #expect(
      choose(index(release(3)), facts).offer == .held(release(3), .knownBad("it hung")))
    let withdrawn = release(3, withdrawn: "bad")
    #expect(choose(index(withdrawn), facts).offer == .held(nil, .pinUnknown("1.0.3")))
  }

  // MARK: - By name

  @Test func aNamedReleaseIsFound() throws {
    let slow = release(3, rollout: later(100, 1_800_000_000))
    let index = index(
      release(2), slow, release(4, withdrawn: "bad"), release(5, compatible: ["other"]))
    let policy = ReleasePolicy(index, facts(2, pin: "1.0.2"))
    #expect(try policy.named("1.0.3") == slow)
    #expect(try policy.named("1.0.2") == release(2))
    #expect(code { _ = try policy.named("1.0.4") } == FeedCode.withdrawn)
    #expect(code { _ = try policy.named("1.0.5") } == FeedCode.unknownRelease)
    #expect(code { _ = try policy.named("9") } == FeedCode.unknownRelease)
  }
}
