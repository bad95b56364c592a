import Foundation
import SlotCore
import SlotCoreTesting
import SlotKit
import Synchronization
import SystemPackage
import Testing

/// The machine stops at the call number `last`: a file that was being written is there by half, and nothing works any
/// more.
private final class StoppingFiles: FaultyFiles {
  private let left: Mutex<Int>

  init(after calls: Int) { left = Mutex(calls) }

  var hasStopped: Bool { left.withLock { $0 <= 0 } }

  private func step() throws {
    let isAlive = left.withLock { left in
      left -= 1
      return left > 0
    }
    guard isAlive else { throw Errno.ioError }
  }

  func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws {
    if !hasStopped {
      try SystemFiles().create(path, with: Array(bytes.prefix(bytes.count / 2)), mode: mode)
    }
    try step()
    try SystemFiles().create(path, with: bytes, mode: mode)
  }

  func rename(_ path: FilePath, to new: FilePath) throws {
    try step()
    try SystemFiles().rename(path, to: new)
  }

  func remove(_ path: FilePath) -> Bool {
    (try? step()) != nil && SystemFiles().remove(path)
  }

  func makeDirectory(_ path: FilePath) throws {
    try step()
    try SystemFiles().makeDirectory(path)
  }
}

@Suite final class FeedPublisherTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  private let now = Timestamp(seconds: 1_800_000_000)
  private let key = SampleFeed.keys[0]
  private let other = SampleFeed.keys[1]

  private var path: FilePath { FilePath(folder.path) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func create() throws {
    let keys = FeedSetup.Keys([key.publicKey])
    let setup = FeedSetup(
      product: "os", root: keys, targets: keys, snapshot: keys, timestamp: keys,
      channels: [.init(name: "stable", keys: keys)])
    let publisher = try FeedPublisher(creating: setup, periods: [:], in: path, now: now)
    #expect(try publisher.finish(signing: [key], publishing: true).isPublished)
  }

  private func publisher(_ files: any FileSystem = SystemFiles()) throws -> FeedPublisher {
    try FeedPublisher(path, command: "test", now: now, files: files)
  }

  private func content() throws -> FeedContent {
    let folder = FeedFolder(path)
    return try FeedContent({ try folder.read($0) })
  }

  private func release() -> Release {
    Release(
      version: "1.0", sequence: 1, compatible: ["box"], released: now, bundle: "bundles/x.krux",
      bundleLength: 1, manifestDigest: Digest(of: [1]), imageDigest: Digest(of: [2]))
  }

  /// What one command does.
  private func change(_ name: String, _ publisher: FeedPublisher) throws {
    switch name {
    case "rotate-key":
      let old = TUF.Key(ed25519: key.publicKey.key).id
      let rotation = KeyRotation(added: [other.publicKey], removed: [old])
      try publisher.draft.rotate("timestamp", rotation)
    case "add-channel":
      let keys = FeedSetup.Keys([other.publicKey])
      try publisher.draft.add(.init(name: "beta", keys: keys), product: "os")
    default: try publisher.draft.add(release(), product: "os", to: "stable")
    }
  }

  /// A command that ends, or that the machine stops in.
  private func change(_ name: String, _ files: any FileSystem = SystemFiles()) throws {
    let publisher = try publisher(files)
    try change(name, publisher)
    _ = try publisher.finish(signing: [key, other], publishing: true)
  }

  private func names(_ place: String = "") -> [String] {
    let all = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return all.filter { $0.hasPrefix(place) && $0.hasSuffix(".json") }.sorted()
  }

  @Test func whatIsPublishedIsNotStagedAnyMore() throws {
    try create()
    try change("add")
    #expect(names("staging") == [])
    #expect(try publisher().draft.index(of: "stable").releases == [release()])
    #expect(code { _ = try self.publisher().publish(signing: []) } == .nothingStaged)
  }

  /// Wherever the machine stops, the feed is whole, and what was staged is published by the next command.
  @Test(arguments: ["add", "rotate-key", "add-channel"])
  func aMachineThatStopsLeavesAWholeFeed(_ name: String) throws {
    try create()
    let old = try content()
    try change(name)
    let new = try content()
    for calls in 1... {
      try FileManager.default.removeItem(at: folder)
      try create()
      do { try change(name, StoppingFiles(after: calls)) } catch is FeedFailure {
        let found = try content()
        let isNew = found.timestamp.header.version == new.timestamp.header.version
        #expect(found.files == (isNew ? new : old).files, "\(name), call \(calls)")
        try goOn(name)
        #expect(try content().files == new.files, "\(name), call \(calls)")
        #expect(try content().root.header.version == new.root.header.version)
        #expect(names("staging") == [], "\(name), call \(calls)")
        continue
      }
      #expect(calls > 10)
      break
    }
  }

  /// What a publisher does who finds a command cut off.
  private func goOn(_ name: String) throws {
    let isOld = try content().timestamp.header.version == 1
    let publisher = try publisher()
    if isOld, publisher.draft.stagedNames.isEmpty { try change(name, publisher) }
    #expect(try publisher.publish(signing: [key, other]).isPublished)
  }

  /// A file that was published is never written again.
  @Test func whatIsPublishedStaysAsItIs() throws {
    try create()
    let before = try names("metadata").filter { $0 != "metadata/timestamp.json" }
      .map { ($0, try Data(contentsOf: folder.appending(path: $0))) }
    try change("add")
    #expect(before.count == 4)
    for (name, bytes) in before {
      #expect(try Data(contentsOf: folder.appending(path: name)) == bytes, "\(name)")
    }
  }

  @Test func aFeedIsNotMadeTwice() throws {
    try create()
    #expect(throws: PublicationFailure.self) { try self.create() }
    #expect(try content().root.header.version == 1)
    try FileManager.default.removeItem(at: folder)
    #expect(throws: FeedFailure.self) { try self.publisher() }
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }

  @Test func onePublisherAtATime() throws {
    try create()
    let first = try publisher()
    #expect(throws: LockFailure.self) { try self.publisher() }
    withExtendedLifetime(first) {}
  }

  /// A timer renews the timestamp beside a change that waits for its signatures.
  @Test func aRefreshLeavesWhatIsStaged() throws {
    try create()
    do {
      let publisher = try publisher()
      try publisher.draft.add(release(), product: "os", to: "stable")
      #expect(try !publisher.finish(signing: [], publishing: true).isPublished)
    }
    let staged = names("staging")
    #expect(staged.count == 4)
    let unsigned = code { _ = try self.publisher().refresh(snapshot: true, signing: [self.other]) }
    #expect(unsigned == .signaturesMissing)
    #expect(
      try publisher().refresh(snapshot: true, signing: [key]).versions.map(\.role)
        == ["snapshot", "timestamp"])
    #expect(try content().timestamp.header.version == 2)
    #expect(try content().snapshot.header.version == 2)
    #expect(names("staging") == staged)
    #expect(try publisher().sign(with: [key], roles: nil, publishing: true).isPublished)
    #expect(try content().timestamp.header.version == 3)
    #expect(try content().channels["stable"]?.header.version ?? 0 == 2)
  }

  private func code(_ body: () throws -> Void) -> PublicationCode? {
    do { try body() } catch let failure as PublicationFailure { return failure.code } catch {}
    return nil
  }

  @Test func aKeyThatSignsForNothingIsNamed() throws {
    try create()
    do {
      let publisher = try publisher()
      try publisher.draft.renew("root")
      _ = try publisher.finish(signing: [], publishing: true)
    }
    let refused = code {
      _ = try self.publisher().sign(with: [self.other], roles: nil, publishing: true)
    }
    #expect(refused == .unknownKey)
  }

  /// What another program has staged leads nowhere else.
  @Test(arguments: ["../escaped", "/etc/escaped", "a/../../escaped", "a//b", "a\u{7}"])
  func namesStayInTheFolder(_ name: String) throws {
    try create()
    let publisher = try publisher()
    try publisher.draft.renew("targets")
    var targets = try #require(publisher.draft.staged["targets"]?.signed)
    let file = TUF.TargetFile(length: 1, hashes: [TUF.Hash(.sha256, of: [1])])
    targets = targets.merging([
      "targets": .object([JSONMember(name, file.json)])
    ])
    let envelope = JSONValue.object(["signatures": .array([]), "signed": targets])
    try FileManager.default.createDirectory(
      at: folder.appending(path: "staging"), withIntermediateDirectories: true)
    try Data(envelope.compact.utf8).write(to: folder.appending(path: "staging/targets.json"))
    withExtendedLifetime(publisher) {}
    let error = #expect(throws: FeedFailure.self) {
      try FeedPublisherTests.open(self.path, self.now)
    }
    #expect(error?.code == .ioFailed)
  }

  private static func open(_ path: FilePath, _ now: Timestamp) throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.copyItem(at: URL(filePath: path.string), to: copy)
    _ = try FeedPublisher(FilePath(copy.path), command: "test", now: now)
  }
}
