import SlotCore
import SlotCoreTesting
import Testing

@Suite struct FeedChangesTests {
  private func index(_ feed: MemoryFeed, _ channel: String = "stable") throws -> ReleaseIndex {
    try feed.draft().index(of: channel)
  }

  private func refusal(
    _ feed: MemoryFeed, _ body: (inout FeedDraft) throws -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> PublicationCode? {
    var draft = try feed.draft()
    return code(sourceLocation: sourceLocation) { try body(&draft) }
  }

  @Test func aReleaseIsOffered() throws {
    var feed = try MemoryFeed()
    #expect(try index(feed).releases.isEmpty)
    feed.now = Timestamp(seconds: feed.now.seconds + 5)
    try feed.change(addRelease(1))
    #expect(try index(feed).releases == [release(1)])
    #expect(try index(feed).issued == feed.now)
    #expect(try index(feed).product == "os")
    #expect(try index(feed, "nightly").releases.isEmpty)
  }

  @Test func severalChangesAreStagedAsOneVersion() throws {
    var feed = try MemoryFeed()
    try feed.change {
      try addRelease(1)(&$0)
      try addRelease(2)(&$0)
    }
    #expect(try index(feed).releases.map(\.sequence) == [1, 2])
    #expect(try feed.content().channels["stable"]?.header.version ?? 0 == 2)
  }

  @Test func whatIsThereIsNotAddedAgain() throws {
    var feed = try MemoryFeed()
    try feed.change(addRelease(1))
    #expect(try refusal(feed, addRelease(1)) == .releaseExists)
    var other = release(1)
    other.sequence = 7
    #expect(
      try refusal(feed) { try $0.add(other, product: "os", to: "stable") } == .releaseExists)
    other.compatible = ["toaster"]
    try feed.change { try $0.add(other, product: "os", to: "stable") }
    #expect(try index(feed).releases.count == 2)
  }

  /// Two images of one sequence: a device that runs the one refuses the other.
  @Test func aSequenceIsOfOneBundleInAllChannels() throws {
    var feed = try MemoryFeed()
    try feed.change(addRelease(1))
    var other = release(1)
    other.version = "2.0"
    other.manifestDigest = Digest(of: [1])
    for channel in ["stable", "nightly"] {
      #expect(
        try refusal(feed) { try $0.add(other, product: "os", to: channel) } == .sequenceTaken)
    }
    other.compatible = ["toaster"]
    try feed.change { try $0.add(other, product: "os", to: "nightly") }
    #expect(try index(feed, "nightly").releases == [other])
  }

  @Test func refusals() throws {
    var feed = try MemoryFeed()
    try feed.change(addRelease(5))
    try feed.change { try $0.setFloor(5, of: "stable", isForced: false) }
    #expect(
      try refusal(feed) { try $0.add(release(9), product: "oven", to: "stable") } == .wrongProduct)
    #expect(
      try refusal(feed) { try $0.add(release(9), product: "os", to: "beta") } == .unknownChannel)
    #expect(try refusal(feed, addRelease(4)) == .belowFloor)
    var long = release(9)
    long.notes = [String](repeating: "x", count: 1001)
    #expect(try refusal(feed) { try $0.add(long, product: "os", to: "stable") } == .tooLarge)
  }

  // MARK: - Promotion

  @Test func promotionOffersTheSameBundle() throws {
    var feed = try MemoryFeed()
    try feed.change { try $0.add(release(1), product: "os", to: "nightly") }
    feed.now = Timestamp(seconds: feed.now.seconds + 60)
    let waves = Rollout(waves: [.init(from: feed.now, percent: 10)])
    try feed.change {
      try $0.promote("1.0.1", from: "nightly", to: "stable", rollout: waves, severity: .critical)
    }
    var expected = release(1, rollout: waves)
    expected.released = feed.now
    expected.severity = .critical
    #expect(try index(feed).releases == [expected])
    #expect(try index(feed, "nightly").releases == [release(1)])
  }

  @Test func promotionRefuses() throws {
    var feed = try MemoryFeed()
    try feed.change { try $0.add(release(1), product: "os", to: "nightly") }
    try feed.change { try $0.add(release(2), product: "os", to: "nightly") }
    try feed.change { try $0.withdraw("1.0.1", reason: "Bad") }
    func promote(_ version: String, _ from: String, _ to: String) throws -> PublicationCode? {
      try refusal(feed) { try $0.promote(version, from: from, to: to, rollout: .everybody) }
    }
    #expect(try promote("1.0.1", "nightly", "stable") == .withdrawn)
    #expect(try promote("1.0.7", "nightly", "stable") == .unknownRelease)
    #expect(try promote("1.0.2", "stable", "nightly") == .unknownRelease)
    #expect(try promote("1.0.2", "nightly", "beta") == .unknownChannel)
    #expect(try promote("1.0.2", "nightly", "nightly") == .releaseExists)
  }

  // MARK: - Withdrawal, rollout, floor

  @Test func withdrawalIsForAllChannels() throws {
    var feed = try MemoryFeed()
    for channel in ["stable", "nightly"] {
      try feed.change { try $0.add(release(1), product: "os", to: channel) }
    }
    try feed.change { try $0.withdraw("1.0.1", reason: "Bad", from: "nightly") }
    #expect(try index(feed).releases.first?.withdrawal == nil)
    try feed.change { try $0.withdraw("1.0.1", reason: "Worse") }
    let reasons = try ["stable", "nightly"].map {
      try index(feed, $0).releases.first?.withdrawal?.reason
    }
    #expect(reasons == ["Worse", "Bad"])
    #expect(try refusal(feed) { try $0.withdraw("1.0.1", reason: "x") } == .withdrawn)
    #expect(try refusal(feed) { try $0.withdraw("1.0.9", reason: "x") } == .unknownRelease)
    #expect(try refusal(feed) { try $0.withdraw("1.0.1", reason: "a\nb") } == .invalidValue)
    #expect(try refusal(feed) { try $0.withdraw("1.0.1", reason: "") } == .invalidValue)
  }

  @Test func noDeviceLosesWhatItWasOffered() throws {
    var feed = try MemoryFeed()
    let now = feed.now
    let later = Timestamp(seconds: now.seconds + 100)
    func waves(_ percent: Int...) -> Rollout {
      let times = [now, later]
      return Rollout(waves: zip(times, percent).map { .init(from: $0, percent: $1) })
    }
    try feed.change {
      try $0.add(release(1, rollout: waves(30, 100)), product: "os", to: "stable")
    }
    func change(_ rollout: Rollout) throws -> PublicationCode? {
      try refusal(feed) {
        try $0.setRollout(of: "1.0.1", in: "stable", rollout, isForced: false)
      }
    }
    #expect(try change(waves(29, 100)) == .takesBack)
    #expect(try change(Rollout(waves: [.init(from: later, percent: 100)])) == .takesBack)
    for rollout in [waves(30), waves(50, 60), .everybody] {
      try feed.change {
        try $0.setRollout(of: "1.0.1", in: "stable", rollout, isForced: false)
      }
      #expect(try index(feed).releases.first?.rollout == rollout)
    }
    #expect(try change(waves(99)) == .takesBack)
    try feed.change { try $0.setRollout(of: "1.0.1", in: "stable", waves(0), isForced: true) }
    #expect(try index(feed).releases.first?.rollout == waves(0))
  }

  @Test func aFloorRises() throws {
    var feed = try MemoryFeed()
    try feed.change(addRelease(5))
    try feed.change(addRelease(6))
    try feed.change { try $0.withdraw("1.0.6", reason: "Bad") }
    func floor(_ sequence: Int64) throws -> PublicationCode? {
      try refusal(feed) { try $0.setFloor(sequence, of: "stable", isForced: false) }
    }
    #expect(try floor(6) == .belowFloor)
    #expect(try floor(0) == .invalidValue)
    try feed.change { try $0.setFloor(5, of: "stable", isForced: false) }
    #expect(try index(feed).floor == 5)
    #expect(try floor(4) == .takesBack)
    try feed.change { try $0.setFloor(4, of: "stable", isForced: true) }
    #expect(try index(feed).floor == 4)
  }

  // MARK: - Waves as text

  @Test func wavesAreRead() throws {
    let now = Timestamp(seconds: 1_800_000_000)
    let read = try Rollout(waves: ["5@+0d", "50@+2d", "100@2027-02-01T00:00:00Z"], now: now)
    #expect(
      read.waves == [
        .init(from: now, percent: 5),
        .init(from: Timestamp(seconds: now.seconds + 172_800), percent: 50),
        .init(from: Timestamp(seconds: 1_801_440_000), percent: 100),
      ])
    #expect(try Rollout(waves: [], now: now) == .everybody)
  }

  @Test(arguments: [
    ["5"], ["5@"], ["@+0d"], ["101@+0d"], ["-1@+0d"], ["5@+-1d"], ["5@0d"], ["5@+4000d"],
    ["5@+99999999999999999999d"], ["x@+0d"], ["5@+0d@"], ["5@+1d", "4@+2d"], ["5@+2d", "6@+1d"],
    ["5@+1d", "6@+1d"], (0...64).map { "\($0)@+\($0)d" },
  ])
  func wavesThatAreRefused(_ texts: [String]) {
    #expect(
      code { _ = try Rollout(waves: texts, now: MemoryFeed.now) } == PublicationCode.invalidValue)
  }

  // MARK: - Keys of bundles

  @Test func withdrawnKeysOnlyGrow() throws {
    var feed = try MemoryFeed()
    let key = MemoryFeed.keys[0].publicKey
    try feed.change { try $0.addBundleKey(key) }
    #expect(try feed.draft().bundleKeys() == BundleKeys(keys: [key]))
    #expect(try refusal(feed) { try $0.addBundleKey(key) } == .keyExists)
    try feed.change { try $0.withdrawBundleKey(key, reason: "Lost") }
    #expect(
      try feed.draft().bundleKeys()
        == BundleKeys(withdrawn: [.init(key: key, reason: "Lost")]))
    #expect(try refusal(feed) { try $0.addBundleKey(key) } == .keyWithdrawn)
    #expect(try refusal(feed) { try $0.withdrawBundleKey(key, reason: "x") } == .keyWithdrawn)
    // Another id does not make another key of it.
    let id = try #require(KeyID(bytes: [UInt8](repeating: 1, count: 8)))
    let renamed = try #require(PublicKey(id: id, key: key.key))
    #expect(try refusal(feed) { try $0.addBundleKey(renamed) } == .keyWithdrawn)
  }
}
