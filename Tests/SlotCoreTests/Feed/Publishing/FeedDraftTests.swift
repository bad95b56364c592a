import SlotCore
import SlotCoreTesting
import Testing

@Suite struct FeedDraftTests {
  private static let day: Int64 = 86_400

  private func later(_ days: Int64) -> Timestamp {
    Timestamp(seconds: MemoryFeed.now.seconds + days * FeedDraftTests.day)
  }

  /// Who has to sign yet, by role.
  private func missing(_ draft: FeedDraft) throws -> [String] {
    try draft.missing().map { $0.byRootBefore ? "\($0.role) before" : $0.role }
  }

  // MARK: - What is staged

  @Test func theFirstVersionOfEverything() throws {
    let content = try MemoryFeed().content()
    #expect(content.root.consistentSnapshot)
    #expect(content.root.header.version == 1)
    #expect(content.root.issued == MemoryFeed.now)
    #expect(content.root.header.expires == later(365))
    #expect(content.targets.header.expires == later(365))
    #expect(content.channels["stable"]?.header.expires == later(90))
    #expect(content.snapshot.header.expires == later(30))
    #expect(content.timestamp.header.expires == later(7))
    #expect(content.channels.keys.sorted() == ["nightly", "stable"])
    #expect(
      content.files.keys.sorted() == [
        "channels/nightly.json", "channels/stable.json", "keys.json",
      ])
    let roles = try #require(content.targets.delegations?.roles)
    guard case .named(let named) = roles else { throw FeedFailure(.malformed, "bins") }
    #expect(named.map(\.paths) == named.map { .patterns(["channels/\($0.name).json"]) })
    #expect(named.allSatisfy { $0.isTerminating })
  }

  @Test func whatARoleWasValidForItIsAgain() throws {
    var feed = try MemoryFeed(periods: ["stable": 14, "timestamp": 1])
    feed.now = later(3)
    try feed.change(addRelease(1))
    let content = try feed.content()
    #expect(content.channels["stable"]?.header.expires == later(3 + 14))
    #expect(content.timestamp.header.expires == later(3 + 1))
    try feed.change {
      try $0.setPeriods(["stable": 20])
      try $0.renew("stable")
    }
    #expect(try feed.content().channels["stable"]?.header.expires == later(3 + 20))
  }

  @Test func onlyWhatFollowsIsStaged() throws {
    var feed = try MemoryFeed()
    #expect(try feed.draft(addRelease(1)).stagedNames == ["stable", "snapshot", "timestamp"])
    #expect(try feed.draft { try $0.renew("root") }.stagedNames == ["root"])
    try feed.change(addRelease(1))
    let content = try feed.content()
    #expect(content.channels["stable"]?.header.version == 2)
    #expect(content.channels["nightly"]?.header.version == 1)
    #expect(content.snapshot.header.version == 2)
    #expect(content.timestamp.snapshot.version == 2)
  }

  /// A timer has renewed the timestamp while a change waited for its signatures.
  @Test func aTimestampThatWasRenewedMeanwhileIsMadeAgain() throws {
    var feed = try MemoryFeed()
    let waiting = try feed.draft(addRelease(1))
    feed.now = later(1)
    try feed.refreshTimestamp()
    let content = try feed.content()
    let files = try waiting.stagedPlaces()
    var again = try FeedDraft(
      published: content, staged: waiting.staged, now: feed.now, readFile: { files[$0] })
    try again.settle()
    #expect(try missing(again) == ["timestamp"])
    try feed.publish(&again)
    #expect(try feed.content().timestamp.header.version == 3)
    #expect(try feed.draft().index(of: "stable").releases.count == 1)
  }

  @Test func signaturesStayOnWhatDoesNotChange() throws {
    let feed = try MemoryFeed()
    var draft = try feed.draft(signedBy: [MemoryFeed.key(of: "snapshot")], addRelease(1))
    #expect(try missing(draft) == ["stable", "timestamp"])
    try draft.settle()
    try draft.sign(with: [MemoryFeed.key(of: "stable")])
    #expect(try missing(draft) == ["timestamp"])
    // And go from what does.
    try addRelease(2)(&draft)
    try draft.settle()
    #expect(try missing(draft) == ["stable", "timestamp"])
  }

  @Test func aChangeOfAnOlderStateIsRefused() throws {
    var feed = try MemoryFeed()
    let old = try feed.draft(addRelease(1))
    try feed.change(addRelease(2))
    let (content, now, files) = (try feed.content(), feed.now, try old.stagedPlaces())
    let refused = code(PublicationCode.self) {
      _ = try FeedDraft(
        published: content, staged: old.staged, now: now, readFile: { files[$0] })
    }
    #expect(refused == PublicationCode.stale)
  }

  @Test func stagedMetadataNeedTheirFiles() throws {
    let feed = try MemoryFeed()
    let staged = try feed.draft(addRelease(1)).staged
    let content = try feed.content()
    for file in [nil, [1, 2, 3]] as [[UInt8]?] {
      let refused = code(PublicationCode.self) {
        _ = try FeedDraft(
          published: content, staged: staged, now: MemoryFeed.now, readFile: { _ in file })
      }
      #expect(refused == PublicationCode.stale)
    }
  }

  @Test func theClockMayBeALittleBehind() throws {
    let content = try MemoryFeed().content()
    let draft = try FeedDraft(published: content, now: later(-1))
    #expect(draft.now == MemoryFeed.now)
    let before = Timestamp(seconds: later(-1).seconds - 1)
    #expect(
      code { _ = try FeedDraft(published: content, now: before) } == PublicationCode.clockBehind)
    #expect(try FeedDraft(published: content, now: before, isClockRight: true).now == before)
  }

  // MARK: - Signatures

  @Test func aStrangersSignatureDoesNotCount() throws {
    let feed = try MemoryFeed()
    let stranger = SecretKey.generate()
    var draft = try feed.draft(signedBy: [stranger], addRelease(1))
    #expect(try missing(draft) == ["stable", "snapshot", "timestamp"])
    // Nor one of the stranger under the right key's name.
    var envelope = try #require(draft.staged["stable"])
    envelope.sign(with: stranger)
    envelope.signatures = envelope.signatures.map {
      .init(keyID: MemoryFeed.key(of: "stable").tufKey.id, hex: $0.hex)
    }
    let content = try feed.content()
    let files = try draft.stagedPlaces()
    draft = try FeedDraft(
      published: content, staged: ["stable": envelope], now: feed.now, readFile: { files[$0] })
    try draft.settle()
    #expect(try missing(draft).first == "stable")
    #expect(try draft.missing().map(\.have) == [0, 0, 0])
    #expect(try draft.sign(with: [stranger]).map(\.roles) == [[]])
  }

  @Test func onlyTheRolesThatAreNamedAreSigned() throws {
    let feed = try MemoryFeed()
    var draft = try feed.draft(signedBy: [], addRelease(1))
    let signed = try draft.sign(with: MemoryFeed.keys, roles: ["stable"])
    #expect(signed.flatMap(\.roles) == ["stable"])
    #expect(try missing(draft) == ["snapshot", "timestamp"])
    let refused = code(PublicationCode.self) {
      try draft.sign(with: MemoryFeed.keys, roles: ["nightly"])
    }
    #expect(refused == PublicationCode.nothingStaged)
  }

  @Test func nothingIsPublishedWithoutItsSignatures() throws {
    let feed = try MemoryFeed()
    let draft = try feed.draft(signedBy: [MemoryFeed.key(of: "stable")], addRelease(1))
    #expect(code { _ = try feed.publication(draft) } == PublicationCode.signaturesMissing)
    #expect(
      code { _ = try feed.publication(try feed.draft()) } == PublicationCode.nothingStaged)
  }

  @Test func whatExpiredWhileItWaitedIsNotPublished() throws {
    var feed = try MemoryFeed()
    let draft = try feed.draft { try $0.renew("root") }
    feed.now = later(365)
    let late = try FeedDraft(published: try feed.content(), staged: draft.staged, now: feed.now)
    #expect(code { _ = try feed.publication(late) } == FeedCode.expired)
  }

  /// A feed of which all has expired is one that a publisher has to be able to renew.
  @Test func anExpiredFeedIsRenewed() throws {
    var feed = try MemoryFeed()
    feed.now = later(400)
    #expect(try feed.draft().expiring().count == 6)
    for name in ["root", "targets", "stable", "nightly"] {
      try feed.change { try $0.renew(name) }
    }
    #expect(try feed.draft().expiring().map(\.role) == [])
  }

  @Test func tooFewKeys() throws {
    let one = FeedSetup.Keys([MemoryFeed.keys[0].publicKey])
    func refusal(_ change: (inout FeedSetup) -> Void) -> PublicationCode? {
      var setup = MemoryFeed.setup
      change(&setup)
      return code { _ = try FeedDraft(setup, periods: [:], now: MemoryFeed.now) }
    }
    #expect(refusal { $0.root.threshold = 2 } == .tooFewKeys)
    #expect(refusal { $0.targets.threshold = 0 } == .tooFewKeys)
    #expect(refusal { $0.snapshot.keys = [] } == .tooFewKeys)
    #expect(refusal { $0.root.keys += $0.root.keys } == .keyExists)
    #expect(refusal { $0.channels = [] } == .invalidValue)
    #expect(refusal { $0.product = "a b" } == .invalidValue)
    for name in ["", "root", "timestamp", "a/b", "a b", ".x", "1x", "*", "a:b", "ä"] {
      #expect(refusal { $0.channels.append(.init(name: name, keys: one)) } == .invalidValue)
    }
    #expect(refusal { $0.channels.append($0.channels[0]) } == .invalidValue)
    for periods in [["beta": 5], ["root": 0], ["root": Int64.max]] as [[String: Int64]] {
      let refused = code(PublicationCode.self) {
        _ = try FeedDraft(MemoryFeed.setup, periods: periods, now: MemoryFeed.now)
      }
      #expect([.unknownRole, .invalidValue].contains(refused ?? PublicationCode.stale))
    }
  }
}
