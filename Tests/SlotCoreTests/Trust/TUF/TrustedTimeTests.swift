import SlotCore
import SlotCoreTesting
import Testing

/// What expiry is judged by: the clock, or what signed metadata prove of the time.
@Suite struct TrustedTimeTests {
  private let feed = SampleFeed()
  private let early = Timestamp(seconds: 86_400)
  private let late = Timestamp(seconds: SampleFeed.later.seconds + 5)

  @Test func theClockCountsWhereNothingIsLater() throws {
    let trusted = try TrustedMetadata(root: feed.rootFile, now: SampleFeed.now)
    #expect(trusted.now == SampleFeed.now)
    let issued = feed.changed { $0.root.issued = early }
    #expect(
      try TrustedMetadata(root: issued.rootFile, now: SampleFeed.now).now == SampleFeed.now)
  }

  @Test func aRootProvesATime() throws {
    let issued = feed.changed { $0.root.issued = late }
    var trusted = try TrustedMetadata(root: issued.rootFile, now: early)
    #expect(trusted.now == late)
    #expect(refusal { _ = try trusted.update(timestamp: issued.timestampFile) } == .expired)
  }

  @Test func storedTargetsProveATime() throws {
    let issued = feed.changed { $0.targets.issued = SampleFeed.now }
    var trusted = try TrustedMetadata(root: feed.rootFile, now: early)
    try trusted.believe(storedTargets: issued.targetsFile)
    #expect(trusted.now == SampleFeed.now)
  }

  /// A key that lied about the time takes its lie with it.
  @Test func targetsOfAKeyThatIsGoneProveNothing() throws {
    let lie = feed.changed {
      $0.targets.issued = late
      $0.signers[TUF.RoleName.targets] = [SampleFeed.keys[7]]
    }
    var trusted = try TrustedMetadata(root: feed.rootFile, now: SampleFeed.now)
    #expect(refusal { try trusted.believe(storedTargets: lie.targetsFile) } == .belowThreshold)
    #expect(trusted.now == SampleFeed.now)
  }

  /// Its key is online.
  @Test func aTimestampProvesNothing() throws {
    let issued = feed.changed { $0.timestamp.issued = late }
    var trusted = try TrustedMetadata(root: feed.rootFile, now: SampleFeed.now)
    _ = try trusted.update(timestamp: issued.timestampFile)
    #expect(trusted.now == SampleFeed.now)
  }
}
