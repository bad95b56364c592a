import Foundation
import SlotCore
import SlotKitTesting

/// A publisher's folder: a feed, keys for its roles, bundles.
final class FeedShop {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  /// Where the feed's folder is.
  let feed: String

  static let roles = ["root", "targets", "online", "stable", "nightly"]
  static let timestampName = "metadata/timestamp.json"

  /// - Parameter feed: a folder that a web server serves, if the feed is to be there.
  init(feed: String? = nil) throws {
    self.feed = feed ?? folder.appending(path: "feed").path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for role in FeedShop.roles { try keygen(role) }
    try Data(Releases.key.publicKey.file.utf8).write(to: url("bundle.pub"))
    try bundle(Releases.next)
    try bundle(Releases.newer)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func url(_ name: String) -> URL { folder.appending(path: name) }
  func path(_ name: String) -> String { url(name).path }

  func keygen(_ role: String) throws {
    try succeed(
      Executable.release, "keygen", "--pem", "--secret", path("\(role).key"), "--public",
      path("\(role).pub"))
  }

  func bundle(_ bundle: SampleBundle) throws {
    try Data(bundle.encoded).write(to: url("kruxos-\(bundle.manifest.version).krux"))
  }

  /// Runs `krux-release feed` with the feed's folder.
  @discardableResult
  func run(_ words: [String], keys: [String] = []) throws -> Child.Ended {
    let secrets = keys.flatMap { ["--key", path("\($0).key")] }
    return try CommandTests.run(
      [Executable.release, "feed"] + words + ["--feed", feed] + secrets)
  }

  @discardableResult
  func succeeds(_ words: String..., keys: [String] = []) throws -> String {
    let ended = try run(words, keys: keys)
    guard ended.status == 0 else { throw ProgramFailure(words: words, output: ended.errors) }
    return ended.output
  }

  var setup: [String] {
    [
      "init", "--product", "kruxos", "--root-key", path("root.pub"), "--targets-key",
      path("targets.pub"), "--snapshot-key", path("online.pub"), "--timestamp-key",
      path("online.pub"), "--channel", "stable=\(path("stable.pub"))", "--channel",
      "nightly=\(path("nightly.pub"))",
    ]
  }

  /// Makes the feed, published.
  func create() throws {
    let ended = try run(setup, keys: FeedShop.roles)
    guard ended.status == 0 else { throw ProgramFailure(words: setup, output: ended.errors) }
  }

  @discardableResult
  func add(_ version: String = "1.0.1", channel: String = "stable", _ more: String...) throws
    -> Child.Ended
  {
    try run(
      [
        "add", path("kruxos-\(version).krux"), "--channel", channel, "--public-key",
        path("bundle.pub"),
      ] + more, keys: [channel, "online"])
  }

  // MARK: - What is there

  func status() throws -> JSONObject { try JSONObject(try succeeds("status", "--json")) }

  func role(_ name: String) throws -> [String: Any] {
    try status().list("roles").first { $0["role"] as? String == name } ?? [:]
  }

  func version(_ role: String) throws -> Int? { try self.role(role)["version"] as? Int }

  /// The first digits of a role's only key.
  func keyID(_ name: String) throws -> String {
    String((try role(name)["keys"] as? [String])?.first?.prefix(8) ?? "")
  }

  func releases(_ channel: String) throws -> [[String: Any]] {
    let channels = try status().list("channels")
    let found = channels.first { $0["channel"] as? String == channel }
    return found?["releases"] as? [[String: Any]] ?? []
  }

  func versions(_ channel: String) throws -> [String] {
    try releases(channel).compactMap { $0["version"] as? String }
  }

  /// The digest of every file that a web server would serve or that is staged.
  func snapshot() throws -> [String: Digest] {
    var digests: [String: Digest] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: feed) where name != "lock" {
      if let bytes = FileManager.default.contents(atPath: "\(feed)/\(name)") {
        digests[name] = Digest(of: Array(bytes))
      }
    }
    return digests
  }

  func staged() throws -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(feed)/staging")) ?? [])
      .filter { $0.hasSuffix(".json") }.sorted()
  }
}
