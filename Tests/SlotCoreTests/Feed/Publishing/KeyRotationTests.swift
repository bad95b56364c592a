import SlotCore
import SlotCoreTesting
import Testing

@Suite struct KeyRotationTests {
  private let new = MemoryFeed.extra[0]
  private let other = MemoryFeed.extra[1]

  private func id(_ key: SecretKey) -> String { key.tufKey.id }

  /// `new` in the place of a role's key.
  private func replacement(_ role: String) -> KeyRotation {
    KeyRotation(added: [new.publicKey], removed: [id(MemoryFeed.key(of: role))])
  }

  @Test(arguments: MemoryFeed.names)
  func everyRolesKeyCanBeRotated(_ role: String) throws {
    var feed = try MemoryFeed()
    let old = MemoryFeed.key(of: role)
    try feed.change { try $0.rotate(role, replacement(role)) }
    let keys = try feed.draft().status().roles.first { $0.name == role }?.keys
    #expect(keys == [id(new)])
    // Nothing is left of the old one, and the new one signs what comes.
    #expect(try feed.content().root.keys[id(old)] == nil)
    #expect(try feed.content().targets.delegations?.keys[id(old)] == nil)
    let all = MemoryFeed.keys.filter { id($0) != id(old) }
    let draft = try feed.draft(signedBy: all) {
      try $0.renew(["root", "targets"].contains(role) ? role : "stable")
    }
    #expect(try draft.missing() == [])
  }

  /// Section 6.1 of the specification: a root is signed by the threshold of the old and of the new keys.
  @Test func aNewRootNeedsTheOldAndTheNewKeys() throws {
    let feed = try MemoryFeed()
    let old = MemoryFeed.key(of: "root")
    func missing(_ keys: [SecretKey]) throws -> [Bool] {
      try feed.draft(signedBy: keys) { try $0.rotate("root", replacement("root")) }
        .missing().map(\.byRootBefore)
    }
    #expect(try missing([]) == [true, false])
    #expect(try missing([old]) == [false])
    #expect(try missing([new]) == [true])
    #expect(try missing([old, new]) == [])
  }

  @Test func whatIsMissingIsSaid() throws {
    var setup = MemoryFeed.setup
    setup.root = FeedSetup.Keys(
      [MemoryFeed.keys[0].publicKey, new.publicKey, other.publicKey], threshold: 2)
    let feed = try MemoryFeed(setup)
    let draft = try feed.draft(signedBy: [new]) { try $0.renew("root") }
    let missing = try #require(try draft.missing().first)
    #expect(missing.role == "root")
    #expect(missing.version == 2)
    #expect(missing.have == 1)
    #expect(missing.threshold == 2)
    #expect(missing.keyIDs == [id(MemoryFeed.keys[0]), id(other)].sorted())
  }

  /// A delegation of one role's keys to others is what a thief would hide in something else.
  @Test(arguments: ["timestamp", "stable"])
  func whoSignsSeesWhichKeysChange(_ role: String) throws {
    let feed = try MemoryFeed()
    let draft = try feed.draft(signedBy: []) { try $0.rotate(role, replacement(role)) }
    let changes = try draft.status().staged.flatMap(\.keyChanges)
    #expect(changes == [.init(role: role, threshold: 1, keys: [id(new)])])
    let none = try feed.draft(signedBy: []) { try $0.renew("root") }
    #expect(try none.status().staged.flatMap(\.keyChanges) == [])
  }

  @Test func refusals() throws {
    let feed = try MemoryFeed()
    func refusal(_ role: String, _ rotation: KeyRotation) throws -> PublicationCode? {
      var draft = try feed.draft()
      return code { try draft.rotate(role, rotation) }
    }
    let own = MemoryFeed.key(of: "stable")
    for role in ["stable", "targets"] {
      let key = MemoryFeed.key(of: role)
      #expect(try refusal(role, KeyRotation(removed: [id(key)])) == .tooFewKeys)
      #expect(try refusal(role, KeyRotation(threshold: 2)) == .tooFewKeys)
      #expect(try refusal(role, KeyRotation(threshold: 0)) == .tooFewKeys)
      #expect(try refusal(role, KeyRotation(added: [key.publicKey])) == .keyExists)
      #expect(try refusal(role, KeyRotation(removed: [id(new)])) == .unknownKey)
      #expect(try refusal(role, KeyRotation()) == .invalidValue)
    }
    #expect(
      try refusal(
        "stable", KeyRotation(added: [new.publicKey], removed: [String(id(own).prefix(7))]))
        == .unknownKey)
    #expect(try refusal("beta", replacement("stable")) == .unknownRole)
  }

  /// The key may be of more than one role, which keep it.
  @Test func aKeyThatIsUsedElsewhereStays() throws {
    var setup = MemoryFeed.setup
    setup.timestamp = setup.snapshot
    var feed = try MemoryFeed(setup)
    let shared = MemoryFeed.key(of: "snapshot")
    try feed.change {
      try $0.rotate("timestamp", KeyRotation(added: [new.publicKey], removed: [id(shared)]))
    }
    #expect(try feed.content().root.keys[id(shared)] != nil)
  }
}
