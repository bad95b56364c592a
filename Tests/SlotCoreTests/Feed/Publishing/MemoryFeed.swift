import SlotCore
import SlotCoreTesting
import Testing

/// A feed in memory, with a publisher who has all keys at hand.
struct MemoryFeed {
  static let now = Timestamp(seconds: 1_800_000_000)
  static let names = [
    "root", "targets", "snapshot", "timestamp", "stable", "nightly",
  ]
  /// One of each role, and two more.
  static let keys = SampleFeed.keys
  static let extra = [keys[6], keys[7]]

  static func key(of role: String) -> SecretKey {
    keys[names.firstIndex(of: role) ?? 0]
  }

  static var setup: FeedSetup {
    func own(_ role: String) -> FeedSetup.Keys { FeedSetup.Keys([key(of: role).publicKey]) }
    return FeedSetup(
      product: "os", root: own("root"), targets: own("targets"), snapshot: own("snapshot"),
      timestamp: own("timestamp"),
      channels: [
        .init(name: "stable", keys: own("stable")), .init(name: "nightly", keys: own("nightly")),
      ])
  }

  var now = MemoryFeed.now
  /// By path below the feed's address.
  var files: [String: [UInt8]] = [:]

  /// An empty feed, published.
  init(_ setup: FeedSetup = MemoryFeed.setup, periods: [String: Int64] = [:]) throws {
    var draft = try FeedDraft(setup, periods: periods, now: now)
    try publish(&draft)
  }

  func read(_ path: String) -> [UInt8]? { files[path] }

  func content() throws -> FeedContent {
    let files = files
    return try FeedContent(orTorn: { files[$0] })
  }

  func draft() throws -> FeedDraft { try FeedDraft(published: try content(), now: now) }

  /// A change, staged and signed.
  func draft(
    signedBy keys: [SecretKey] = MemoryFeed.keys, _ body: (inout FeedDraft) throws -> Void
  ) throws -> FeedDraft {
    var draft = try draft()
    try body(&draft)
    try draft.settle()
    try draft.sign(with: keys)
    return draft
  }

  func publication(_ draft: FeedDraft) throws -> FeedPublication {
    let files = files
    return try draft.publication { files[$0] }
  }

  mutating func publish(_ draft: inout FeedDraft) throws {
    try draft.settle()
    try draft.sign(with: MemoryFeed.keys)
    for file in try publication(draft).files { files[file.path] = file.bytes }
  }

  mutating func change(_ body: (inout FeedDraft) throws -> Void) throws {
    var draft = try draft()
    try body(&draft)
    try publish(&draft)
  }

  /// As a timer does it, beside what is staged.
  mutating func refreshTimestamp() throws {
    var draft = try draft()
    try draft.renew("timestamp")
    try draft.sign(with: MemoryFeed.keys)
    for file in try publication(draft).files { files[file.path] = file.bytes }
  }

  /// The feed after the first `count` files of a publication.
  func cut(_ publication: FeedPublication, after count: Int) -> MemoryFeed {
    var cut = self
    for file in publication.files.prefix(count) { cut.files[file.path] = file.bytes }
    return cut
  }

  /// What a client finds that knows no root after `limit`.
  func client(rootLimit limit: Int64 = .max) throws -> [String: [UInt8]] {
    let files = files
    return try FeedContent(rootLimit: limit, { files[$0] }).files
  }
}

func addRelease(_ sequence: Int64) -> (inout FeedDraft) throws -> Void {
  { try $0.add(release(sequence), product: "os", to: "stable") }
}
