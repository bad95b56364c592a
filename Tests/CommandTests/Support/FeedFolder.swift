import Foundation
import SlotCore
import SlotCoreTesting
import SlotKitTesting

/// A folder in which a feed is followed: its metadata, its targets, and the commands on them.
final class FeedFolder {
  static let configuration = """
    [fetch]
    retries = 0
    stall-timeout-seconds = 1

    """

  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)

  /// - Parameter root: is made the root of trust, if there is one.
  init(root: [UInt8]? = nil) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(FeedFolder.configuration.utf8).write(to: url("update.toml"))
    guard let root else { return }
    let ended = try initialise(root)
    guard ended.status == 0 else { throw ProgramFailure(words: ["init"], output: ended.errors) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func url(_ name: String) -> URL { folder.appending(path: name) }

  func read(_ name: String) -> [UInt8]? { (try? Data(contentsOf: url(name))).map { Array($0) } }

  /// The names in a folder, without what locks it.
  func names(_ name: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url(name).path)) ?? []
    return names.filter { $0 != "lock" }.sorted()
  }

  // MARK: - Commands

  func feed(_ words: String...) throws -> Child.Ended { try feed(words) }

  private func feed(_ words: [String]) throws -> Child.Ended {
    try run([Executable.update, "feed"] + words)
  }

  func initialise(_ root: [UInt8]) throws -> Child.Ended {
    try Data(root).write(to: url("trusted.json"))
    return try feed(
      "init", "--root", url("trusted.json").path, "--metadata-dir", url("metadata").path)
  }

  private func server(_ address: String) -> [String] {
    [
      "--metadata-url", address, "--metadata-dir", url("metadata").path, "--configuration",
      url("update.toml").path,
    ]
  }

  func refresh(_ address: String, _ options: String...) throws -> Child.Ended {
    try feed(["refresh"] + server(address) + options)
  }

  /// From `metadata` and `targets` below `address`.
  func fetch(_ address: String, _ names: String...) throws -> Child.Ended {
    try feed(
      ["fetch"] + server("\(address)metadata")
        + ["--target-base-url", "\(address)targets/", "--target-dir", url("targets").path] + names)
  }
}

extension SampleFeed {
  /// A feed that is valid for a day.
  static func today() -> SampleFeed {
    SampleFeed(expires: Timestamp(seconds: Int64(Date().timeIntervalSince1970) + 86_400))
  }
}

extension WebServer {
  /// Serves a feed: `metadata` and `targets`.
  func publish(_ feed: SampleFeed) throws {
    let files =
      feed.metadataFiles.map { ("metadata/\($0)", $1) }
      + feed.targetFiles.map { ("targets/\($0)", $1) }
    for (name, bytes) in files {
      let file = folder.appending(path: "www/\(name)")
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
  }
}
