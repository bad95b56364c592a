import SlotCore
import SlotCoreTesting
import Testing

extension SampleFeed {
  /// Trusted up to the timestamp.
  fileprivate func begun() throws -> TrustedMetadata {
    var trusted = try TrustedMetadata(root: rootFile, now: SampleFeed.now)
    _ = try trusted.update(timestamp: timestampFile)
    return trusted
  }

  /// Trusted up to the snapshot.
  fileprivate func followed() throws -> TrustedMetadata {
    var trusted = try begun()
    try trusted.update(snapshot: snapshotFile)
    return trusted
  }
}

@Suite struct TrustedSnapshotTests {
  private let feed = SampleFeed()
  private let plain = SampleFeed().changed { $0.statesHashes = false }

  @Test func theListedOneIsTaken() throws {
    var trusted = try feed.begun()
    #expect(!trusted.hasSnapshot)
    try trusted.update(snapshot: feed.snapshotFile)
    #expect(trusted.hasSnapshot)
    #expect(trusted.snapshot == feed.listedSnapshot)
  }

  /// Mix and match: another one that the right key has signed.
  @Test func anotherOneThanIsListedIsRefused() throws {
    let other = feed.changed {
      $0.snapshot.header.expires = Timestamp(seconds: SampleFeed.later.seconds + 1)
    }
    var trusted = try feed.begun()
    #expect(refusal { try trusted.update(snapshot: other.snapshotFile) } == .wrongHash)
    let longer = feed.snapshotFile + [0x0A]
    #expect(refusal { try trusted.update(snapshot: longer) } == .wrongLength)
    #expect(trusted.snapshot == nil)
  }

  @Test func theListedVersionCountsWithoutHashes() throws {
    var trusted = try plain.begun()
    let newer = plain.changed { $0.snapshot.header.version = 2 }
    #expect(refusal { try trusted.update(snapshot: newer.snapshotFile) } == .wrongVersion)
    try trusted.update(snapshot: plain.snapshotFile)
  }

  @Test func itIsSignedByItsKeys() throws {
    let forged = plain.changed { $0.signers[TUF.RoleName.snapshot] = [SampleFeed.keys[7]] }
    var trusted = try plain.begun()
    #expect(refusal { try trusted.update(snapshot: forged.snapshotFile) } == .belowThreshold)
  }

  @Test func itMustNotHaveExpired() throws {
    let expired = feed.changed { $0.snapshot.header.expires = SampleFeed.now }
    var trusted = try expired.begun()
    #expect(refusal { try trusted.update(snapshot: expired.snapshotFile) } == .expired)
    #expect(trusted.snapshot == nil)
  }

  @Test func nothingThatItListsGoesBackOrAway() throws {
    let before = plain.changed {
      $0.snapshot.meta["role.json"] = TUF.MetadataFile(version: 3)
      $0.targets.header.version = 3
    }
    let after = before.changed { $0.snapshot.header.version = 2 }
    func update(_ change: (inout SampleFeed) -> Void) -> FeedCode? {
      let feed = after.changed(change)
      return refusal {
        var trusted = try feed.begun()
        try trusted.take(storedSnapshot: before.snapshotFile)
        #expect(!trusted.hasSnapshot)
        try trusted.update(snapshot: feed.snapshotFile)
      }
    }
    #expect(update { _ in } == nil)
    #expect(update { $0.snapshot.meta["role.json"] = TUF.MetadataFile(version: 2) } == .rollback)
    #expect(update { $0.snapshot.meta["role.json"] = nil } == .rollback)
    #expect(update { $0.targets.header.version = 2 } == .rollback)
    #expect(update { $0.targets.header.version = 4 } == nil)
  }

  /// A stored one guards when it has expired, and when the timestamp lists the hash of another.
  @Test func aStoredOneThatHasExpiredStillGuards() throws {
    let before = feed.changed {
      $0.targets.header.version = 3
      $0.snapshot.header.expires = SampleFeed.past
    }
    let after = feed.changed { $0.snapshot.header.version = 2 }
    var trusted = try after.begun()
    try trusted.take(storedSnapshot: before.snapshotFile)
    #expect(refusal { try trusted.update(snapshot: after.snapshotFile) } == .rollback)
  }

  @Test func aStoredOneThatIsListedIsEnough() throws {
    var trusted = try feed.begun()
    try trusted.take(storedSnapshot: feed.snapshotFile)
    #expect(trusted.hasSnapshot)
  }

  @Test func aStoredOneIsNotEnoughOnceItHasExpired() throws {
    let expired = feed.changed { $0.snapshot.header.expires = SampleFeed.now }
    var trusted = try expired.begun()
    try trusted.take(storedSnapshot: expired.snapshotFile)
    #expect(!trusted.hasSnapshot)
  }

  @Test func aStoredOneIsNotEnoughWhereAnotherIsListed() throws {
    let other = feed.changed {
      $0.snapshot.header.expires = Timestamp(seconds: SampleFeed.later.seconds + 1)
    }
    var trusted = try feed.begun()
    try trusted.take(storedSnapshot: other.snapshotFile)
    #expect(!trusted.hasSnapshot)
    #expect(refusal { _ = try trusted.listed("targets") } == .outOfOrder)
    let (older, newer) = (plain, plain.changed { $0.snapshot.header.version = 2 })
    var plainly = try newer.begun()
    try plainly.take(storedSnapshot: older.snapshotFile)
    #expect(!plainly.hasSnapshot)
  }

  @Test func nothingComesBeforeItsTurn() throws {
    var trusted = try TrustedMetadata(root: feed.rootFile, now: SampleFeed.now)
    #expect(refusal { try trusted.update(snapshot: feed.snapshotFile) } == .outOfOrder)
    #expect(refusal { try trusted.take(storedSnapshot: feed.snapshotFile) } == .outOfOrder)
    #expect(refusal { _ = try trusted.listed("targets") } == .outOfOrder)
    let delegation = TUF.Delegation(trusted.root)
    #expect(refusal { _ = try trusted.verified(feed.targetsFile, delegation) } == .outOfOrder)
    // A stored timestamp that has expired lists nothing.
    let expired = feed.changed { $0.timestamp.header.expires = SampleFeed.past }
    try trusted.take(storedTimestamp: expired.timestampFile)
    #expect(refusal { try trusted.update(snapshot: feed.snapshotFile) } == .outOfOrder)
  }
}

@Suite struct TrustedTargetsTests {
  private let feed = SampleFeed().changed { $0.add("file", [1, 2, 3]) }
  private let plain = SampleFeed().changed { $0.statesHashes = false }

  private func verified(_ feed: SampleFeed, _ bytes: [UInt8]) throws -> TUF.TargetsRole {
    let trusted = try feed.followed()
    return try trusted.verified(bytes, TUF.Delegation(trusted.root))
  }

  @Test func theListedOneIsTaken() throws {
    #expect(try verified(feed, feed.targetsFile) == feed.targets)
  }

  @Test func anotherOneIsRefused() throws {
    let other = feed.changed {
      $0.targets.header.expires = Timestamp(seconds: SampleFeed.later.seconds + 1)
    }
    #expect(refusal { _ = try verified(feed, other.targetsFile) } == .wrongHash)
    #expect(refusal { _ = try verified(feed, feed.targetsFile + [0x20]) } == .wrongLength)
    let newer = plain.changed { $0.targets.header.version = 2 }
    #expect(refusal { _ = try verified(plain, newer.targetsFile) } == .wrongVersion)
    let forged = plain.changed { $0.signers[TUF.RoleName.targets] = [SampleFeed.keys[7]] }
    #expect(refusal { _ = try verified(plain, forged.targetsFile) } == .belowThreshold)
    let expired = feed.changed { $0.targets.header.expires = SampleFeed.now }
    #expect(refusal { _ = try verified(expired, expired.targetsFile) } == .expired)
  }

  @Test func aRoleThatTheSnapshotDoesNotNameIsRefused() throws {
    let trusted = try feed.followed()
    #expect(refusal { _ = try trusted.listed("role") } == .notListed)
  }

  /// All known hashes have to match, and one has to be known.
  @Test func hashes() throws {
    func matches(_ names: [TUF.HashAlgorithm], _ more: JSONValue = .object([])) throws -> Bool {
      var hashes = names.map { JSONMember($0.rawValue, .string(TUF.Hash($0, of: [7]).hex)) }
      hashes += more.members ?? []
      let file = JSONValue.object(["length": .integer(1), "hashes": .object(hashes)])
      let role = feed.targets.json.merging(["targets": .object(["f": file])])
      let target = try #require(try TUF.TargetsRole(role, role: "targets").targets["f"])
      var check = TUF.HashCheck(target.hashes)
      [UInt8(7)].withUnsafeBytes { check.update($0) }
      return check.matches()
    }
    for algorithm in TUF.HashAlgorithm.allCases { #expect(try matches([algorithm])) }
    #expect(try matches([.sha256, .sha512], .object(["md5": .string("00")])))
    #expect(try !matches([.sha512], .object(["sha256": .string("00")])))
    #expect(try !matches([.sha256], .object(["sha512": .string("words")])))
    #expect(try !matches([], .object(["md5": .string("00")])))
  }
}

@Suite struct TargetSearchTests {
  /// The roles that a search asks, in order, where none knows the target.
  private func asked(_ feed: SampleFeed, for path: String = "file") throws -> [String] {
    let trusted = try feed.followed()
    var search = TUF.TargetSearch(for: path, from: trusted.root)
    var names: [String] = []
    while let delegation = search.next() {
      names.append(delegation.role)
      let role = feed.delegated[delegation.role] ?? feed.targets
      let verified = try trusted.verified(feed.signed(role, as: delegation.role), delegation)
      if search.take(verified) != nil { return names + ["found"] }
    }
    return names
  }

  private func feed(_ delegations: (inout SampleFeed) -> Void) -> SampleFeed {
    SampleFeed().changed(delegations)
  }

  @Test func theTopLevelRoleComesFirst() throws {
    #expect(try asked(feed { _ in }) == ["targets"])
    #expect(
      try asked(
        feed {
          $0.delegate(to: "a")
          $0.add("file", [])
        }) == ["targets", "found"])
  }

  /// The two are one for Unicode; only one of them was signed.
  @Test func aNameThatOnlyLooksTheSameIsAnother() throws {
    let named = feed { $0.add("\u{E4}", []) }
    #expect(try asked(named, for: "\u{E4}") == ["targets", "found"])
    #expect(try asked(named, for: "a\u{308}") == ["targets"])
  }

  @Test func theSearchIsPreOrderAndDepthFirst() throws {
    let tree = feed {
      $0.delegate(to: "a")
      $0.delegate(to: "b")
      $0.delegate(to: "c", by: "a")
      $0.delegate(to: "d", by: "a")
      $0.delegate(to: "e", by: "c")
    }
    #expect(try asked(tree) == ["targets", "a", "c", "e", "d", "b"])
    #expect(
      try asked(tree.changed { $0.add("file", [], to: "d") })
        == ["targets", "a", "c", "e", "d", "found"])
  }

  @Test func aTerminatingDelegationEndsTheSearchAfterItsOwn() throws {
    let tree = feed {
      $0.delegate(to: "a")
      $0.delegate(to: "b")
      $0.delegate(to: "c", isTerminating: true, by: "a")
      $0.delegate(to: "d", by: "a")
      $0.delegate(to: "e", by: "c")
    }
    #expect(try asked(tree) == ["targets", "a", "c", "e"])
    let elsewhere = feed {
      $0.delegate(to: "a", paths: ["*.zip"], isTerminating: true)
      $0.delegate(to: "b")
    }
    #expect(try asked(elsewhere) == ["targets", "b"])
  }

  /// Every role on the way has to be trusted with the path.
  @Test func onlyTheTrustedAreAsked() throws {
    let tree = feed {
      $0.delegate(to: "a", paths: ["*.zip"])
      $0.delegate(to: "b", paths: ["x/*", "f*"])
      $0.delegate(to: "c", paths: ["x/*"], by: "b")
      $0.delegate(to: "d", by: "a")
    }
    #expect(try asked(tree) == ["targets", "b"])
    #expect(try asked(tree, for: "x/y") == ["targets", "b", "c"])
  }

  @Test func circlesEnd() throws {
    let circle = feed {
      $0.delegate(to: "a")
      $0.delegate(to: "b", by: "a")
      $0.delegate(to: "a", by: "b")
      $0.delegate(to: "b", by: "b")
    }
    #expect(try asked(circle) == ["targets", "a", "b"])
  }

  @Test func thousandsOfDelegationsAreNotAsked() throws {
    let many = feed { feed in
      for number in 0..<2000 { feed.delegate(to: "role-\(number)") }
    }
    let names = try asked(many)
    #expect(names.count == TUF.Limits.delegations + 1)
    #expect(names.last == "role-31")
  }

  /// What one delegator's keys have signed is nothing for another.
  @Test func eachDelegatorTrustsItsOwnKeys() throws {
    let shared = feed {
      $0.delegate(to: "a", paths: ["x/*"])
      $0.delegate(to: "shared", key: SampleFeed.keys[5])
      $0.delegate(to: "shared", paths: ["x/*"], key: SampleFeed.keys[6], by: "a")
    }
    func outcome(_ key: Int, _ path: String) -> FeedCode? {
      refusal {
        let signed = shared.changed { $0.signers["shared"] = [SampleFeed.keys[key]] }
        let names = try asked(signed, for: path)
        #expect(names.last == "shared")
      }
    }
    #expect(outcome(5, "file") == nil)
    #expect(outcome(6, "file") == .belowThreshold)
    // Known to the delegator, for another role.
    #expect(outcome(4, "file") == .belowThreshold)
    #expect(outcome(6, "x/file") == nil)
    #expect(outcome(5, "x/file") == .belowThreshold)
  }

  @Test func aBinIsTheOnlyOneAsked() throws {
    var feed = SampleFeed()
    let key = SampleFeed.keys[4].tufKey
    feed.targets.delegations = TUF.Delegations(
      keys: [key],
      roles: .bins(
        TUF.HashBins(
          keys: TUF.RoleKeys(keyIDs: [key.id], threshold: 1), bitLength: 8, namePrefix: "bin")))
    feed.signers["bin-fa"] = [SampleFeed.keys[4]]
    feed.delegated["bin-fa"] = TUF.TargetsRole(feed.targets.header, targets: [:])
    #expect(try asked(feed, for: "a/b.krux") == ["targets", "bin-fa"])
  }

  @Test func anExpiredDelegatedRoleIsRefused() throws {
    let expired = feed {
      $0.delegate(to: "a")
      $0.delegated["a"]?.header.expires = SampleFeed.past
    }
    #expect(refusal { _ = try asked(expired) } == .expired)
  }
}
