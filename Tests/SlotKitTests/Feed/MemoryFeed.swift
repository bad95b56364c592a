import SlotCore
import SlotCoreTesting
import SystemPackage

@testable import SlotKit

/// A server in memory, and what it was asked for.
final class MemoryFeed: FeedSource {
  static let base = "http://feed.example/"

  var files: [String: [UInt8]] = [:]
  private(set) var requests: [String] = []
  private(set) var limits: [String: Int64] = [:]

  init(_ feed: SampleFeed) { add(feed) }

  func add(_ feed: SampleFeed) { files.merge(feed.metadataFiles) { $1 } }

  /// What was asked for since this was called last.
  func asked() -> [String] {
    defer { requests = [] }
    return requests
  }

  func file(_ address: String, limit: Int64) throws -> FeedAnswer {
    let name = String(address.dropFirst(MemoryFeed.base.count))
    requests.append(name)
    limits[name] = limit
    guard let bytes = files[name] else {
      return .missing(SourceFailure(.httpStatus, "the server answered 404"))
    }
    guard bytes.count <= limit else { throw SourceFailure(.tooLong, "too long") }
    return .bytes(bytes)
  }

  func stream(
    _ address: String, limit: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let bytes = try file(address, limit: limit).required()
    for start in stride(from: 0, to: bytes.count, by: 5) {
      try bytes[start..<min(start + 5, bytes.count)].withUnsafeBytes(body)
    }
  }
}

/// A directory with a feed's root of trust, and refreshes of it.
struct FeedDevice {
  let scratch: Scratch
  let server: MemoryFeed
  private var directory: FilePath { scratch.path("metadata") }
  var store: FeedStore { FeedStore(directory) }

  init(_ scratch: Scratch, _ feed: SampleFeed) throws {
    self.scratch = scratch
    server = MemoryFeed(feed)
    try Files.makeDirectory(directory)
    try store.keep("root", feed.rootFile)
  }

  func workflow(now: Timestamp = SampleFeed.now) throws -> FeedWorkflow {
    try FeedWorkflow(store, server, base: MemoryFeed.base, now: now)
  }

  @discardableResult
  func refresh(now: Timestamp = SampleFeed.now) throws -> FeedWorkflow {
    var workflow = try workflow(now: now)
    try workflow.refresh()
    return workflow
  }

  func target(_ path: String) throws -> TUF.TargetFile { try refresh().target(path) }

  func stored(_ role: String) -> [UInt8]? { store.stored(role, limit: 1 << 20) }

  /// The names in the directory.
  var names: [String] { Files.names(in: directory) }
}

/// Runs `body` with a device on which `feed` was never refreshed.
func withFeedDevice(_ feed: SampleFeed, _ body: (FeedDevice) throws -> Void) throws {
  try withScratch { try body(try FeedDevice($0, feed)) }
}

/// Why a refresh failed: the code, whatever its domain; nil where it did not.
func failure(_ body: () throws -> Void) -> String? {
  do { try body() } catch { return (error as? any ActionableError)?.codeName ?? "\(error)" }
  return nil
}

/// The files of a directory that was refreshed.
let everything = ["root.json", "snapshot.json", "targets.json", "timestamp.json"]
