import SlotCore
import SlotCoreTesting
import Testing

/// What clients see of a publication that is under way, or that was cut off.
@Suite struct FeedPublicationTests {
  private let new = MemoryFeed.extra[0]

  private func change(_ name: String) -> (inout FeedDraft) throws -> Void {
    { draft in
      switch name {
      case "release": try addRelease(2)(&draft)
      case "bundle key": try draft.addBundleKey(MemoryFeed.keys[0].publicKey)
      case "channel":
        let keys = FeedSetup.Keys([MemoryFeed.keys[0].publicKey])
        try draft.add(.init(name: "beta", keys: keys), product: "os")
      default:
        let old = MemoryFeed.key(of: name).tufKey.id
        try draft.rotate(name, KeyRotation(added: [new.publicKey], removed: [old]))
        try addRelease(2)(&draft)
      }
    }
  }

  static let changes = ["release", "bundle key", "channel"] + MemoryFeed.names

  /// Whichever root a client has, and wherever the publication is, it finds all of the old or all of the new.
  @Test(arguments: changes)
  func aClientSeesTheOldOrTheNew(_ name: String) throws {
    var feed = try MemoryFeed()
    try feed.change(addRelease(1))
    let old = try feed.client()
    let publication = try feed.publication(try feed.draft(change(name)))
    let new = try feed.cut(publication, after: .max).client()
    #expect(old != new)
    var seen: Set<Bool> = []
    for count in 0...publication.files.count {
      let cut = feed.cut(publication, after: count)
      for limit in [1, Int64.max] {
        let files = try cut.client(rootLimit: limit)
        #expect(files == old || files == new, "\(name) after \(count) files")
        seen.insert(files == new)
      }
    }
    #expect(seen == [false, true])
  }

  /// Cut off anywhere, the same change goes on to the same end.
  @Test(arguments: changes, [false, true])
  func aPublicationThatWasCutOffGoesOn(_ name: String, isLost: Bool) throws {
    let feed = try MemoryFeed()
    let keys = MemoryFeed.keys.filter {
      !isLost || !["timestamp", "snapshot", "targets"].contains(name)
        || $0.tufKey != MemoryFeed.key(of: name).tufKey
    }
    let draft = try feed.draft(signedBy: keys, change(name))
    let publication = try feed.publication(draft)
    let end = feed.cut(publication, after: .max)
    let files = try draft.stagedPlaces()
    for count in 0..<publication.files.count {
      var cut = feed.cut(publication, after: count)
      var again = try FeedDraft(
        published: try cut.content(), staged: draft.staged, now: cut.now,
        readFile: { files[$0] })
      try again.settle()
      try cut.publish(&again)
      #expect(try cut.client() == end.client(), "\(name) after \(count) files")
    }
  }

  /// Without the key that goes nobody can sign for clients that have the old root only: they are refused between two
  /// files, and served before and after.
  @Test(arguments: ["timestamp", "snapshot", "targets"])
  func withALostKeyTheRootComesFirst(_ name: String) throws {
    let feed = try MemoryFeed()
    let lost = MemoryFeed.key(of: name).tufKey
    let keys = MemoryFeed.keys.filter { $0.tufKey != lost }
    let publication = try feed.publication(try feed.draft(signedBy: keys, change(name)))
    #expect(
      publication.files.suffix(2).map(\.path) == [
        "metadata/2.root.json", "metadata/timestamp.json",
      ])
    let torn = feed.cut(publication, after: publication.files.count - 1)
    #expect(throws: FeedFailure.self) { try torn.client() }
    #expect(try torn.content().isTorn)
    #expect(try feed.cut(publication, after: .max).client().count == 3)
  }

  @Test func theSwitchComesLast() throws {
    let feed = try MemoryFeed()
    let paths = try feed.publication(try feed.draft(change("release"))).files.map(\.path)
    let target = try #require(paths.first)
    #expect(target.hasPrefix("targets/channels/") && target.hasSuffix(".stable.json"))
    #expect(
      paths.dropFirst() == [
        "metadata/2.stable.json", "metadata/2.snapshot.json", "metadata/timestamp.json",
      ])
    let rotation = try feed.publication(try feed.draft(change("timestamp"))).files.map(\.path)
    #expect(rotation.suffix(2) == ["metadata/timestamp.json", "metadata/2.root.json"])
  }

  /// What no client would accept is not published, although all have signed.
  @Test func theResultIsReadAsAClientReadsIt() throws {
    var feed = try MemoryFeed()
    let draft = try feed.draft(addRelease(1))
    let lost = try #require(feed.files.keys.first { $0.hasSuffix(".keys.json") })
    feed.files[lost] = [1, 2, 3]
    #expect(code { _ = try feed.publication(draft) } == FeedCode.wrongHash)
    feed.files[lost] = nil
    #expect(code { _ = try feed.publication(draft) } == FeedCode.ioFailed)
  }

  @Test func whatIsPublishedIsVerifiedBeforeItIsChanged() throws {
    var feed = try MemoryFeed()
    try feed.change(addRelease(1))
    let path = try #require(feed.files.keys.first { $0.hasSuffix("2.stable.json") })
    let text = String(decoding: feed.files[path] ?? [], as: UTF8.self)
    feed.files[path] = Array(text.replacing("\"length\":", with: "\"length\":1").utf8)
    #expect(code { _ = try feed.content() } == FeedCode.belowThreshold)
  }

  @Test func signaturesThatCountNowhereAreLeftOut() throws {
    let feed = try MemoryFeed()
    let draft = try feed.draft(addRelease(1))
    var envelope = try #require(draft.staged["stable"])
    envelope.sign(with: SecretKey.generate())
    #expect(envelope.signatures.count == 2)
    let files = try draft.stagedPlaces()
    var staged = draft.staged
    staged["stable"] = envelope
    let again = try FeedDraft(
      published: try feed.content(), staged: staged, now: feed.now, readFile: { files[$0] })
    let publication = try feed.publication(again)
    let file = try #require(publication.files.first { $0.path.hasSuffix("2.stable.json") })
    let written = try TUF.Envelope(decoding: file.bytes, of: "stable", limit: 1 << 20)
    #expect(written.signatures.map(\.keyID) == [MemoryFeed.key(of: "stable").tufKey.id])
  }
}
