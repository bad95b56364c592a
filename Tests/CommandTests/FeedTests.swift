import Foundation
import SlotCore
import SlotCoreTesting
import Testing

/// A feed as an operator follows it, from a real server.
@Suite struct FeedTests {
  private let feed = SampleFeed.today().changed {
    $0.add("notes.txt", Array("notes".utf8))
    $0.delegate(to: "files", paths: ["files/*"])
    $0.add("files/a b", Array("file".utf8), to: "files")
    $0.add("files/empty", [], to: "files")
  }
  private let everything = ["root.json", "snapshot.json", "targets.json", "timestamp.json"]

  @Test func aFeedIsFollowed() throws {
    let server = try WebServer()
    try server.publish(feed)
    let device = try FeedFolder(root: feed.rootFile)
    #expect(device.names("metadata") == ["root.json"])
    let refreshed = try device.refresh(server.address("metadata"))
    #expect(refreshed.status == 0)
    #expect(refreshed.errors == "")
    #expect(refreshed.output == "root 1, timestamp 1, snapshot 1, targets 1\n")
    #expect(device.names("metadata") == everything)
    #expect(device.read("metadata/root.json") == feed.rootFile)
    #expect(device.read("metadata/timestamp.json") == feed.timestampFile)
    #expect(try device.refresh(server.address("metadata/")).status == 0)
    let requests = try server.finish()
    #expect(
      requests.map(\.path) == [
        "/metadata/2.root.json", "/metadata/timestamp.json", "/metadata/1.snapshot.json",
        "/metadata/1.targets.json", "/metadata/2.root.json", "/metadata/timestamp.json",
      ])
    #expect(requests.map(\.status) == [404, 200, 200, 200, 404, 200])
    #expect(requests.allSatisfy { $0.range == nil })
  }

  @Test func targetsAreFetchedInOrderAndOnce() throws {
    let server = try WebServer()
    try server.publish(feed)
    let device = try FeedFolder(root: feed.rootFile)
    let fetched = try device.fetch(server.address(""), "files/a b", "notes.txt")
    #expect(fetched.status == 0)
    #expect(fetched.outputLines.count == 2)
    #expect(fetched.outputLines.first?.hasPrefix("files/a b: ") == true)
    #expect(device.names("targets") == ["files%2Fa%20b", "notes.txt"])
    #expect(device.read("targets/files%2Fa%20b") == Array("file".utf8))
    #expect(device.names("metadata") == ["files.json"] + everything)
    #expect(try device.fetch(server.address(""), "files/empty").status == 0)
    #expect(device.read("targets/files%2Fempty") == [])
    let again = try device.fetch(server.address(""), "notes.txt")
    #expect(again.output.contains("was there"))
    try Data("nots".utf8).write(to: device.url("targets/notes.txt"))
    let healed = try device.fetch(server.address(""), "notes.txt", "--json")
    let event = try JSONObject(healed.output)
    #expect(event.members["fetched"] as? Bool == true)
    #expect(event.number("lengthBytes") == 5)
    #expect(device.read("targets/notes.txt") == Array("notes".utf8))
    let targets = try server.finish().map(\.path).filter { $0.hasPrefix("/targets") }
    #expect(targets.count == 4)
    #expect(targets[0].hasPrefix("/targets/files/") && targets[0].hasSuffix(".a%20b"))
  }

  @Test func whatIsNotThereIsSaidAfterWhatIs() throws {
    let server = try WebServer()
    try server.publish(feed)
    let device = try FeedFolder(root: feed.rootFile)
    let failed = try device.fetch(server.address(""), "notes.txt", "nothing", "files/a b")
    #expect(failed.status == 83)
    #expect(failed.errors.contains("the feed has no target 'nothing'"))
    #expect(failed.errors.contains("\n  hint: "))
    #expect(device.names("targets") == ["notes.txt"])
    #expect(device.names("metadata") == everything)
  }

  /// Arbitrary software, from a mirror that has no key.
  @Test func anotherFileThanTheFeedNamesLeavesNothing() throws {
    let server = try WebServer()
    try server.publish(feed)
    for (path, bytes) in feed.targetFiles where bytes.count == 5 {
      _ = try server.publish(Array("Notes".utf8), "targets/\(path)")
    }
    let device = try FeedFolder(root: feed.rootFile)
    let failed = try device.fetch(server.address(""), "notes.txt", "--json")
    #expect(failed.status == 83)
    let error = try #require(try events(failed.output).last)
    #expect(error.text("domain") == "feed")
    #expect(error.text("code") == "wrong_hash")
    #expect(device.names("targets") == [])
  }

  @Test func metadataThatNobodySignedIsRefused() throws {
    let server = try WebServer()
    try server.publish(feed)
    let device = try FeedFolder(root: feed.rootFile)
    #expect(try device.refresh(server.address("metadata")).status == 0)
    let forged = feed.changed {
      $0.timestamp.header.version = 2
      $0.signers[TUF.RoleName.timestamp] = [SampleFeed.keys[7]]
    }
    try server.publish(forged)
    let refused = try device.refresh(server.address("metadata"))
    #expect(refused.status == 83)
    #expect(refused.errors.contains("timestamp metadata is not signed by as many trusted keys"))
    #expect(device.read("metadata/timestamp.json") == feed.timestampFile)
  }

  @Test func aRedirectIsFollowed() throws {
    let server = try WebServer()
    try server.publish(feed)
    let device = try FeedFolder(root: feed.rootFile)
    let refreshed = try device.refresh(server.address("moved/metadata"), "--json")
    #expect(refreshed.status == 0)
    let object = try JSONObject(refreshed.output)
    #expect(object.number("rootVersion") == 1)
    #expect(object.number("targetsVersion") == 1)
  }

  // MARK: - Beginning

  @Test func aRootThatIsNotSignedIsNoRootOfTrust() throws {
    let device = try FeedFolder()
    let forged = feed.changed { $0.signers[TUF.RoleName.root] = [SampleFeed.keys[7]] }
    #expect(try device.initialise(forged.rootFile).status == 83)
    #expect(try device.initialise(feed.timestampFile).status == 83)
    #expect(device.names("metadata") == [])
    let missing = try device.feed("init", "--root", "/nowhere/x", "--metadata-dir", "/nowhere/y")
    #expect(missing.status == 66)
    let refused = try device.refresh("http://127.0.0.1:1/")
    #expect(refused.status == 83)
    #expect(refused.errors.contains("there is no root of trust"))
  }

  @Test func theRootOfTrustIsKeptAsItIs() throws {
    let device = try FeedFolder(root: feed.rootFile + [0x0A, 0x0A])
    #expect(device.read("metadata/root.json") == feed.rootFile + [0x0A, 0x0A])
    #expect(try device.initialise(feed.rootFile).status == 0)
    #expect(device.read("metadata/root.json") == feed.rootFile)
  }

  @Test func oneFeedAtATime() throws {
    let device = try FeedFolder(root: feed.rootFile)
    let lock = open(device.url("metadata/lock").path, O_RDWR)
    defer { close(lock) }
    #expect(flock(lock, LOCK_EX) == 0)
    #expect(write(lock, "process 1, test\n", 16) == 16)
    let refused = try device.refresh("http://127.0.0.1:1/")
    #expect(refused.status == 75)
    #expect(refused.errors.contains("process 1, test"))
  }

  @Test(arguments: [["refresh"], ["init"], ["fetch", "x"], ["fetch"], ["nonsense"]])
  func whatIsMissingIsUsage(words: [String]) throws {
    #expect(try run([Executable.update, "feed"] + words).status == 64)
  }
}

/// Servers that do not what they should.
@Suite struct RoughFeedTests {
  private let feed = SampleFeed.today()

  private func refreshed(_ script: @escaping RoughServer.Script) throws -> (Child.Ended, FeedFolder)
  {
    let device = try FeedFolder(root: feed.rootFile)
    return try withRoughServer(script) { (try device.refresh($0.address), device) }
  }

  /// A server that has no newer root, and answers with `timestamp` then.
  private func withTimestamp(_ timestamp: RoughAnswer) throws -> (Child.Ended, FeedFolder) {
    try refreshed { request in
      request.head.contains("root.json") ? RoughAnswer("404 Not Found") : timestamp
    }
  }

  @Test func dataWithoutEndIsCutOff() throws {
    let (ended, device) = try withTimestamp(
      RoughAnswer("200 OK", body: [UInt8](repeating: 0x20, count: 200_000), ending: .stall))
    #expect(ended.status == 66)
    #expect(ended.errors.contains("than there may be"))
    #expect(device.names("metadata") == ["root.json"])
  }

  @Test func aLengthThatIsTooLongIsNotWaitedFor() throws {
    let (ended, _) = try withTimestamp(
      RoughAnswer("200 OK", ["Content-Length: 16385"], body: [0x20], ending: .stall))
    #expect(ended.status == 66)
    #expect(ended.errors.contains("than there may be"))
  }

  @Test func aServerThatStopsSendingIsGivenUp() throws {
    let (ended, _) = try withTimestamp(
      RoughAnswer("200 OK", ["Content-Length: 100"], body: [0x20], ending: .stall))
    #expect(ended.status == 66)
    #expect(ended.errors.contains("stopped sending"))
  }

  /// 403 as well as 404 says that there is no newer root; nothing else does.
  @Test(arguments: [("403 Forbidden", 83), ("404 Not Found", 83), ("500 No", 66), ("401 No", 66)])
  func whenThereIsNoNewerRoot(answer: String, status: Int32) throws {
    let (ended, device) = try refreshed { request in
      request.head.contains("root.json") ? RoughAnswer(answer) : RoughAnswer("200 OK", body: [0x5B])
    }
    #expect(ended.status == status)
    #expect(device.names("metadata") == ["root.json"])
  }

  @Test func aFeedThatCannotBeReachedIsNamed() throws {
    let device = try FeedFolder(root: feed.rootFile)
    let port = try LoopbackSocket().port
    let ended = try device.refresh("http://127.0.0.1:\(port)/")
    #expect(ended.status == 66)
    #expect(ended.errors.contains("cannot reach http://127.0.0.1:\(port)/2.root.json"))
    #expect(try device.refresh("file:///etc").status == 66)
  }

  @Test func aBreakIsCarriedOn() throws {
    let patient = "[fetch]\nretries = 2\nretry-delay-seconds = 0\n"
    let device = try FeedFolder(root: feed.rootFile)
    try Data(patient.utf8).write(to: device.url("update.toml"))
    let files = feed.metadataFiles
    let script: RoughServer.Script = { request in
      let name = request.head.split(separator: " ")[1].split(separator: "/").last ?? ""
      guard let file = files[String(name)] else { return RoughAnswer("404 Not Found") }
      return .file(file, request, after: request.rangeStart == nil ? 10 : nil)
    }
    let ended = try withRoughServer(script) { try device.refresh($0.address) }
    #expect(ended.status == 0)
    #expect(device.read("metadata/targets.json") == feed.targetsFile)
  }
}
