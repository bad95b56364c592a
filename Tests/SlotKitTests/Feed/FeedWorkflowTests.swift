import SlotCore
import SlotCoreTesting
import Testing

@testable import SlotKit

@Suite struct FeedRefreshTests {
  private let feed = SampleFeed()

  @Test func nothingIsAskedForThatIsNotCalledFor() throws {
    try withFeedDevice(feed) { device in
      try device.refresh()
      #expect(
        device.server.asked()
          == ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"])
      try device.refresh()
      #expect(device.server.asked() == ["2.root.json", "timestamp.json"])
      var newer = feed
      newer.timestamp.header.version = 2
      device.server.add(newer)
      try device.refresh()
      #expect(device.server.asked() == ["2.root.json", "timestamp.json"])
      newer.snapshot.header.version = 2
      newer.timestamp.header.version = 3
      device.server.add(newer)
      try device.refresh()
      #expect(device.server.asked() == ["2.root.json", "timestamp.json", "2.snapshot.json"])
      device.server.add(newer.next())
      try device.refresh()
      #expect(
        device.server.asked()
          == ["2.root.json", "timestamp.json", "3.snapshot.json", "2.targets.json"])
    }
  }

  @Test func rolesAreKeptAsTheyCame() throws {
    try withFeedDevice(feed) { device in
      device.server.files["timestamp.json"]? += [0x20, 0x0A]
      try device.refresh()
      #expect(device.names == everything)
      #expect(device.stored("timestamp") == feed.timestampFile + [0x20, 0x0A])
      #expect(device.stored("snapshot") == feed.snapshotFile)
      #expect(device.stored("targets") == feed.targetsFile)
      #expect(device.stored("root") == feed.rootFile)
    }
  }

  @Test func namesHaveNoVersionWithoutConsistentSnapshots() throws {
    let plain = SampleFeed(consistentSnapshot: false)
    try withFeedDevice(plain) { device in
      try device.refresh()
      #expect(
        device.server.asked() == ["2.root.json", "timestamp.json", "snapshot.json", "targets.json"])
    }
  }

  @Test func lengthsAreBounded() throws {
    try withFeedDevice(feed) { device in
      try device.refresh()
      #expect(device.server.limits["2.root.json"] == 512 << 10)
      #expect(device.server.limits["timestamp.json"] == 16 << 10)
      #expect(device.server.limits["1.snapshot.json"] == Int64(feed.snapshotFile.count))
      #expect(device.server.limits["1.targets.json"] == Int64(feed.targetsFile.count))
    }
    let silent = feed.changed { $0.statesHashes = false }
    try withFeedDevice(silent) { device in
      try device.refresh()
      #expect(device.server.limits["1.snapshot.json"] == 2_000_000)
      #expect(device.server.limits["1.targets.json"] == 5_000_000)
    }
  }

  /// What a role says of a length raises no limit.
  @Test func announcedLengthsAreBoundedToo() throws {
    let boasting = feed.changed {
      $0.snapshot.meta["targets.json"] = TUF.MetadataFile(version: 1, length: 1 << 50)
    }
    try withFeedDevice(boasting) { device in
      #expect(failure { try device.refresh() } == "wrong_length")
      #expect(device.server.limits["1.targets.json"] == 5_000_000)
    }
  }

  @Test func nothingIsAskedForWithoutASoundRoot() throws {
    try withFeedDevice(feed) { device in
      let forged = feed.changed { $0.signers["root"] = [SampleFeed.keys[7]] }
      try device.store.keep("root", forged.rootFile)
      #expect(failure { try device.refresh() } == "below_threshold")
      try device.store.keep("root", [0])
      #expect(failure { try device.refresh() } == "malformed_metadata")
      try device.store.forget(["root"])
      #expect(failure { try device.refresh() } == "no_root")
      #expect(device.server.asked() == [])
    }
  }

  /// Each role forged in turn: nothing of it is kept, and what came before it is.
  @Test(arguments: [
    ("timestamp", "timestamp.json", ["root.json"]),
    ("snapshot", "1.snapshot.json", ["root.json", "timestamp.json"]),
    ("targets", "1.targets.json", ["root.json", "snapshot.json", "timestamp.json"]),
  ])
  func whatIsRefusedLeavesNoTrace(role: String, name: String, kept: [String]) throws {
    let silent = feed.changed { $0.statesHashes = false }
    try withFeedDevice(silent) { device in
      let forged = silent.changed { $0.signers[role] = [SampleFeed.keys[7]] }
      device.server.files[name] = forged.metadataFiles[name]
      #expect(failure { try device.refresh() } == "below_threshold")
      #expect(device.names == kept)
      device.server.add(silent)
      try device.refresh()
      #expect(device.names == everything)
    }
  }

  @Test func whatIsStoredAndDamagedIsFetchedAnew() throws {
    try withFeedDevice(feed) { device in
      try device.refresh()
      for role in ["timestamp", "snapshot", "targets"] {
        try device.store.keep(role, [0x7B])
        try device.refresh()
        #expect(
          device.stored(role)
            == feed.metadataFiles[role == "timestamp" ? "timestamp.json" : "1.\(role).json"])
      }
      try device.store.keep("snapshot", [UInt8](repeating: 0x20, count: 3_000_000))
      try device.refresh()
      #expect(device.stored("snapshot") == feed.snapshotFile)
    }
  }

  /// Indefinite freeze: a server that stands still is seen by the expiry of what it gives.
  @Test func aFeedThatStandsStillExpires() throws {
    try withFeedDevice(feed) { device in
      try device.refresh()
      #expect(failure { try device.refresh(now: SampleFeed.later) } == "expired")
      #expect(device.names == everything)
      let later = Timestamp(seconds: SampleFeed.later.seconds + 9)
      let next = feed.next().changed { feed in
        for role in ["root", "timestamp", "snapshot", "targets"] { feed.expire(role, later) }
      }
      device.server.files["2.root.json"] = next.changed { $0.root.header.version = 2 }.rootFile
      device.server.add(next)
      try device.refresh(now: SampleFeed.later)
      #expect(device.stored("timestamp") == next.timestampFile)
    }
  }

  @Test func whatFailsToBeKeptIsTold() throws {
    try withFeedDevice(feed) { device in
      let store = FeedStore(device.scratch.path("none"))
      #expect(failure { try store.keep("root", [1]) } == "io_failed")
    }
  }
}

extension SampleFeed {
  fileprivate mutating func expire(_ role: String, _ moment: Timestamp) {
    switch role {
    case "root": root.header.expires = moment
    case "timestamp": timestamp.header.expires = moment
    case "snapshot": snapshot.header.expires = moment
    default: targets.header.expires = moment
    }
  }
}

@Suite struct FeedRootTests {
  private let feed = SampleFeed()

  private func root(_ version: Int64, _ change: (inout SampleFeed) -> Void = { _ in }) -> [UInt8] {
    feed.changed {
      $0.root.header.version = version
      change(&$0)
    }.rootFile
  }

  @Test func rootsAreFollowedOneByOne() throws {
    try withFeedDevice(feed) { device in
      let expired = root(2) { $0.root.header.expires = SampleFeed.past }
      device.server.files.merge(["2.root.json": expired, "3.root.json": root(3)]) { $1 }
      try device.refresh()
      #expect(
        device.server.asked().prefix(4).elementsEqual(
          ["2.root.json", "3.root.json", "4.root.json", "timestamp.json"]))
      #expect(device.stored("root") == root(3))
    }
  }

  @Test func theLastGoodRootStays() throws {
    try withFeedDevice(feed) { device in
      device.server.files.merge([
        "2.root.json": root(2),
        "3.root.json": root(3) { $0.signers["root"] = [SampleFeed.keys[7]] },
      ]) { $1 }
      #expect(failure { try device.refresh() } == "below_threshold")
      #expect(device.stored("root") == root(2))
      #expect(device.names == ["root.json"])
    }
  }

  @Test func anExpiredLastRootIsKeptAndEndsTheRefresh() throws {
    try withFeedDevice(feed) { device in
      try device.refresh()
      _ = device.server.asked()
      let expired = root(2) { $0.root.header.expires = SampleFeed.past }
      device.server.files["2.root.json"] = expired
      device.server.add(feed.next())
      #expect(failure { try device.refresh() } == "expired")
      #expect(device.server.asked() == ["2.root.json", "3.root.json"])
      #expect(device.stored("root") == expired)
      #expect(device.stored("timestamp") == feed.timestampFile)
    }
  }

  /// Thousands of roots: so many at a time, and the next refresh goes on.
  @Test func rotationsAreBounded() throws {
    try withFeedDevice(feed) { device in
      for version in 2...Int64(TUF.Limits.rootRotations + 3) {
        device.server.files["\(version).root.json"] = root(version)
      }
      try device.refresh()
      #expect(device.server.asked().count { $0.hasSuffix("root.json") } == TUF.Limits.rootRotations)
      #expect(device.stored("root") == root(Int64(TUF.Limits.rootRotations + 1)))
      try device.refresh()
      #expect(device.server.asked().count { $0.hasSuffix("root.json") } == 3)
    }
  }

  /// Fast-forward: versions that an attacker has raised out of reach are forgotten with the key (5.3.11), and where
  /// only one of two keys goes, too.
  @Test(arguments: ["timestamp", "snapshot"])
  func aKeyThatIsTakenAwayTakesVersionsAlong(role: String) throws {
    let (stolen, good) = (SampleFeed.keys[5], SampleFeed.keys[6])
    let attacked = feed.changed {
      $0.trust([stolen, good], for: role)
      $0.signers[role] = [stolen, good]
      $0.timestamp.header.version = 1_000_000
      $0.snapshot.header.version = role == "snapshot" ? 1_000_000 : 1
      $0.targets.header.version = role == "snapshot" ? 1_000_000 : 1
    }
    let recovered = feed.changed {
      $0.trust([stolen, good], for: role)
      $0.root.header.version = 2
      $0.trust([good], for: role)
      $0.signers[role] = [good]
      $0.timestamp.header.version = 2
      $0.targets.header.version = 2
    }
    try withFeedDevice(attacked) { device in
      try device.refresh()
      device.server.files.merge(recovered.changed { $0.root.header.version = 1 }.metadataFiles) {
        old, new in new
      }
      device.server.files["1.root.json"] = attacked.rootFile
      #expect(failure { try device.refresh() } == "rollback")
      device.server.add(recovered)
      try device.refresh()
      #expect(device.stored("timestamp") == recovered.timestampFile)
      #expect(device.stored("snapshot") == recovered.snapshotFile)
      #expect(device.stored("targets") == recovered.targetsFile)
    }
  }
}
