import SlotCore
import SlotCoreTesting
import Testing

/// A feed, and one device that follows it through the loader.
private struct Follower {
  var trusted: TrustedMetadata

  init(_ feed: SampleFeed, now: Timestamp = SampleFeed.now) throws {
    trusted = try TrustedMetadata(root: feed.rootFile, now: now)
  }

  /// Timestamp and snapshot.
  mutating func follow(_ feed: SampleFeed) throws {
    _ = try trusted.update(timestamp: feed.timestampFile)
    try trusted.update(snapshot: feed.snapshotFile)
  }

  /// The same at a later refresh: what was trusted is stored.
  func again(_ feed: SampleFeed, timestamp: [UInt8]? = nil, snapshot: [UInt8]? = nil) throws
    -> Follower
  {
    var next = try Follower(feed, now: trusted.now)
    try next.trusted.take(storedTimestamp: timestamp ?? feed.timestampFile)
    if let snapshot { try next.trusted.take(storedSnapshot: snapshot) }
    return next
  }
}

private let (attacker, other) = (SampleFeed.keys[7], SampleFeed.keys[6])

extension SampleFeed {
  /// The next root, signed by `keys` alone.
  fileprivate func nextRoot(
    signedBy keys: [SecretKey]? = nil, _ change: (inout SampleFeed) -> Void = { _ in }
  ) -> [UInt8] {
    changed { feed in
      feed.root.header.version += 1
      change(&feed)
      feed.signers[TUF.RoleName.root] = keys ?? feed.signers[TUF.RoleName.root]
    }.rootFile
  }
}

@Suite struct TrustedRootTests {
  private let feed = SampleFeed()

  @Test func aRootThatItsOwnKeysSignIsTrusted() throws {
    #expect(try Follower(feed).trusted.root == feed.root)
    let expired = feed.changed { $0.root.header.expires = SampleFeed.past }
    #expect(try Follower(expired).trusted.root == expired.root)
  }

  @Test func aRootThatOthersSignIsNot() {
    let forged = feed.changed { $0.signers[TUF.RoleName.root] = [attacker] }
    #expect(refusal { _ = try Follower(forged) } == .belowThreshold)
    let unsigned = feed.changed { $0.signers[TUF.RoleName.root] = [] }
    #expect(refusal { _ = try Follower(unsigned) } == .belowThreshold)
  }

  @Test func theNextVersionNeedsTheKeysOfBoth() throws {
    let old = feed.signers[TUF.RoleName.root] ?? []
    func update(_ signers: [SecretKey]) -> FeedCode? {
      refusal {
        var follower = try Follower(feed)
        let root = feed.nextRoot(signedBy: signers) { $0.trust([other], for: TUF.RoleName.root) }
        _ = try follower.trusted.update(root: root)
        #expect(follower.trusted.root.header.version == 2)
      }
    }
    #expect(update(old + [other]) == nil)
    #expect(update(old) == .belowThreshold)
    #expect(update([other]) == .belowThreshold)
    #expect(update([attacker]) == .belowThreshold)
  }

  @Test(arguments: [(1, FeedCode.rollback), (3, .wrongVersion), (0, .malformed)])
  func theVersionIsTheNext(version: Int, expected: FeedCode) throws {
    var follower = try Follower(feed)
    let bytes = feed.changed { $0.root.header.version = Int64(version) }.rootFile
    #expect(refusal { _ = try follower.trusted.update(root: bytes) } == expected)
    #expect(follower.trusted.root == feed.root)
  }

  @Test func onlyTheLastRootMustNotHaveExpired() throws {
    var follower = try Follower(feed)
    let expired = feed.nextRoot { $0.root.header.expires = SampleFeed.now }
    _ = try follower.trusted.update(root: expired)
    #expect(refusal { try follower.trusted.requireValidRoot() } == .expired)
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: feed.timestampFile) } == .expired)
    let next = feed.nextRoot { $0.root.header.version = 3 }
    _ = try follower.trusted.update(root: next)
    try follower.trusted.requireValidRoot()
  }

  /// Thresholds of both roots, with keys in all combinations of rotation.
  @Test(arguments: [
    ([1, 2, 3], 2, [1, 2], true), ([1, 2, 3], 2, [1], false), ([2, 3, 4], 2, [1, 2, 3], true),
    ([3, 4, 5], 2, [1, 2, 4], false), ([3, 4, 5], 2, [1, 2, 4, 5], true),
    ([1], 1, [1], false), ([1], 1, [1, 2], true), ([1, 2, 3], 3, [1, 2], false),
  ])
  func thresholds(keys: [Int], threshold: Int, signers: [Int], isTaken: Bool) throws {
    func pick(_ numbers: [Int]) -> [SecretKey] { numbers.map { SampleFeed.keys[$0] } }
    let first = feed.changed {
      $0.trust(pick([1, 2, 3]), for: TUF.RoleName.root, threshold: 2)
      $0.signers[TUF.RoleName.root] = pick([1, 3])
    }
    var follower = try Follower(first)
    let next = first.nextRoot(signedBy: pick(signers)) {
      $0.trust(pick(keys), for: TUF.RoleName.root, threshold: Int64(threshold))
    }
    let refused = refusal { _ = try follower.trusted.update(root: next) }
    #expect(refused == (isTaken ? nil : .belowThreshold))
  }

  /// What is void then is for the store to forget.
  @Test func aKeyThatIsTakenAwayIsTold() throws {
    func takesAway(_ change: (inout SampleFeed) -> Void) throws -> Bool {
      var follower = try Follower(feed)
      return try follower.trusted.update(root: feed.nextRoot(change))
    }
    let own = feed.signers[TUF.RoleName.timestamp] ?? []
    #expect(try takesAway { $0.trust([other], for: TUF.RoleName.timestamp) })
    #expect(try takesAway { $0.trust([other], for: TUF.RoleName.snapshot) })
    #expect(try !takesAway { $0.trust([other], for: TUF.RoleName.targets) })
    #expect(try !takesAway { $0.trust(own + [other], for: TUF.RoleName.timestamp, threshold: 2) })
    #expect(try !takesAway { _ in })
  }

  @Test func noRootComesAfterATimestamp() throws {
    var follower = try Follower(feed)
    _ = try follower.trusted.update(timestamp: feed.timestampFile)
    #expect(refusal { _ = try follower.trusted.update(root: feed.nextRoot()) } == .outOfOrder)
  }
}

@Suite struct SignerTests {
  private let feed = SampleFeed()

  private func timestampRefusal(_ feed: SampleFeed) -> FeedCode? {
    refusal {
      var follower = try Follower(feed)
      _ = try follower.trusted.update(timestamp: feed.timestampFile)
    }
  }

  @Test func asManyKeysAsItTakes() {
    let two = feed.changed {
      $0.trust([other, attacker], for: TUF.RoleName.timestamp, threshold: 2)
    }
    func signed(_ keys: [SecretKey]) -> FeedCode? {
      timestampRefusal(two.changed { $0.signers[TUF.RoleName.timestamp] = keys })
    }
    #expect(signed([other, attacker]) == nil)
    #expect(signed([other]) == .belowThreshold)
    #expect(signed([other, SampleFeed.keys[0]]) == .belowThreshold)
  }

  /// Compromised: one of two keys, listed and signing under two ids, both of which are its own.
  @Test func oneKeyCountsOnce() throws {
    var listed = feed
    var key = other.tufKey
    key.others = [JSONMember("x-owner", .string("somebody"))]
    let another = Hex.encode(
      TUF.HashAlgorithm.sha256.digest(of: try #require(key.json.canonical)))
    listed.root.keys[another] = key
    listed.root.keys[key.id] = key
    listed.root.roles[TUF.RoleName.timestamp] = TUF.RoleKeys(
      keyIDs: [key.id, another], threshold: 1)
    for id in [key.id, another] {
      var envelope = TUF.Envelope(listed.listedTimestamp)
      envelope.sign(with: other)
      envelope.signatures[0].keyID = id
      var follower = try Follower(listed)
      #expect(try follower.trusted.update(timestamp: envelope.encoded))
    }
    listed.root.roles[TUF.RoleName.timestamp]?.threshold = 2
    var envelope = TUF.Envelope(listed.listedTimestamp)
    envelope.sign(with: other)
    let first = try #require(envelope.signatures.first)
    envelope.signatures.append(TUF.EnvelopeSignature(keyID: another, hex: first.hex))
    var follower = try Follower(listed)
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: envelope.encoded) } == .belowThreshold)
  }

  @Test func aKeyUnderAnIdThatIsNotItsOwnIsAbsent() throws {
    var listed = feed
    listed.root.keys["any words"] = other.tufKey
    listed.root.roles[TUF.RoleName.timestamp] = TUF.RoleKeys(keyIDs: ["any words"], threshold: 1)
    var envelope = TUF.Envelope(listed.listedTimestamp)
    envelope.sign(with: other)
    envelope.signatures[0].keyID = "any words"
    var follower = try Follower(listed)
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: envelope.encoded) } == .belowThreshold)
  }

  @Test(arguments: [
    ("keytype", JSONValue.string("ecdsa")), ("scheme", .string("ed25519ph")),
    ("keyval", .object(["public": .string("00")])), ("keyval", .object([])),
  ])
  func otherKeysCountAsAbsent(name: String, value: JSONValue) throws {
    let id = other.tufKey.id
    let listed = feed.changed {
      $0.trust([other], for: TUF.RoleName.timestamp)
      $0.signers[TUF.RoleName.timestamp] = [other]
    }
    let json = listed.root.json
    let keys = try #require(json["keys"])
    let key = try #require(keys[id])
    let changed = json.merging(["keys": keys.merging([id: key.merging([name: value])])])
    var root = try TUF.RootRole(changed, role: "root")
    #expect(timestampRefusal(listed) == nil)
    // Under the id that it has as it is: one that is not its own would be refused for that.
    let odd = try #require(root.keys[id])
    root.keys[odd.id] = odd
    root.roles[TUF.RoleName.timestamp] = TUF.RoleKeys(keyIDs: [odd.id], threshold: 1)
    var envelope = TUF.Envelope(listed.listedTimestamp)
    envelope.sign(with: other)
    envelope.signatures[0].keyID = odd.id
    var follower = try Follower(listed.changed { $0.root = root })
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: envelope.encoded) } == .belowThreshold)
  }

  @Test func aSignatureIsOverWhatIsThere() throws {
    var follower = try Follower(feed)
    let text = String(decoding: feed.timestampFile, as: UTF8.self)
    let changed = text.split(separator: "\"version\":1").joined(separator: "\"version\":2")
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: Array(changed.utf8)) }
        == .belowThreshold)
  }

  @Test func aNumberThatIsNoIntegerIsNotSigned() throws {
    var follower = try Follower(feed)
    let text = String(decoding: feed.timestampFile, as: UTF8.self)
    let changed = text.split(separator: "\"version\":1").joined(separator: "\"version\":1.0")
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: Array(changed.utf8)) } == .malformed)
  }

  /// Metadata of one role, signed by its own keys, in the place of another.
  @Test func everyRoleIsItself() throws {
    let same = feed.changed { feed in
      for name in [TUF.RoleName.timestamp, TUF.RoleName.snapshot, TUF.RoleName.targets] {
        feed.trust([other], for: name)
        feed.signers[name] = [other]
      }
    }
    var follower = try Follower(same)
    #expect(refusal { _ = try follower.trusted.update(timestamp: same.snapshotFile) } == .malformed)
    #expect(refusal { _ = try follower.trusted.update(timestamp: same.targetsFile) } == .malformed)
  }
}

@Suite struct TrustedTimestampTests {
  private let feed = SampleFeed()

  private func newer(_ change: (inout SampleFeed) -> Void = { _ in }) -> SampleFeed {
    feed.changed {
      $0.timestamp.header.version = 2
      change(&$0)
    }
  }

  @Test func aNewOneIsTaken() throws {
    var follower = try Follower(feed)
    #expect(try follower.trusted.update(timestamp: feed.timestampFile))
    #expect(follower.trusted.timestamp == feed.listedTimestamp)
    #expect(try follower.trusted.update(timestamp: newer().timestampFile))
  }

  @Test func anOlderOneIsRefused() throws {
    var follower = try Follower(feed).again(newer())
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: feed.timestampFile) } == .rollback)
    #expect(follower.trusted.timestamp?.header.version == 2)
  }

  @Test func oneThatListsAnOlderSnapshotIsRefused() throws {
    let listed = feed.changed { $0.snapshot.header.version = 5 }
    var follower = try Follower(listed).again(listed)
    let older = newer { $0.snapshot.header.version = 4 }
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: older.timestampFile) } == .rollback)
    let same = newer { $0.snapshot.header.version = 5 }
    #expect(try follower.trusted.update(timestamp: same.timestampFile))
  }

  /// Other content under the same version is not taken, and no error.
  @Test func theSameVersionChangesNothing() throws {
    var follower = try Follower(feed).again(feed)
    let changed = feed.changed { $0.snapshot.header.version = 100 }
    #expect(try !follower.trusted.update(timestamp: changed.timestampFile))
    #expect(follower.trusted.timestamp == feed.listedTimestamp)
  }

  @Test func oneThatHasExpiredIsRefused() throws {
    var follower = try Follower(feed)
    for expires in [SampleFeed.now, SampleFeed.past] {
      let expired = feed.changed { $0.timestamp.header.expires = expires }
      #expect(
        refusal { _ = try follower.trusted.update(timestamp: expired.timestampFile) } == .expired)
    }
    #expect(follower.trusted.timestamp == nil)
    let second = feed.changed {
      $0.timestamp.header.expires = Timestamp(seconds: SampleFeed.now.seconds + 1)
    }
    #expect(try follower.trusted.update(timestamp: second.timestampFile))
  }

  /// A stored one that has expired guards against older ones still, and is no longer good for itself.
  @Test func aStoredOneMayHaveExpired() throws {
    let expired = newer { $0.timestamp.header.expires = SampleFeed.past }
    var follower = try Follower(feed).again(expired)
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: feed.timestampFile) } == .rollback)
    #expect(
      refusal { _ = try follower.trusted.update(timestamp: expired.timestampFile) } == .expired)
    let next = newer { $0.timestamp.header.version = 3 }
    #expect(try follower.trusted.update(timestamp: next.timestampFile))
  }

  @Test func aStoredOneThatNobodySignedIsNone() throws {
    var follower = try Follower(feed)
    let forged = newer { $0.signers[TUF.RoleName.timestamp] = [attacker] }
    #expect(
      refusal { try follower.trusted.take(storedTimestamp: forged.timestampFile) }
        == .belowThreshold)
    #expect(refusal { try follower.trusted.take(storedTimestamp: [0]) } == .malformed)
    #expect(follower.trusted.timestamp == nil)
  }

  @Test func aLongOneIsNotParsed() throws {
    var follower = try Follower(feed)
    let padded = feed.timestampFile + [UInt8](repeating: 0x20, count: TUF.Limits.timestamp)
    #expect(refusal { _ = try follower.trusted.update(timestamp: padded) } == .malformed)
  }
}
