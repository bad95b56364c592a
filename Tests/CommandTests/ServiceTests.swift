import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Services by the commands, on a folder that plays a device.
@Suite struct ServiceTests {
  private let device: DeviceFolder
  private let tree: URL
  private let secret: String

  private static let health = "[services.gateway]\nsuccesses = 1\n"

  init() throws {
    device = try DeviceFolder()
    try device.configure(DeviceFolder.configuration + ServiceTests.health)
    tree = device.url("tree")
    secret = device.url("release.key").path
    try succeed(
      Executable.release, "keygen", "--secret", secret, "--public",
      device.url("keys.d/service.pub").path, "--no-password")
  }

  /// A bundle of the service `gateway` alone, or with an image.
  private func bundle(
    _ version: String, _ sequence: Int64, text: String? = nil, _ options: String...
  ) throws -> String {
    let manager = FileManager.default
    try manager.createDirectory(
      at: tree.appending(path: "bin"), withIntermediateDirectories: true)
    try Data((text ?? version).utf8).write(to: tree.appending(path: "bin/run"))
    let output = device.url("gateway-\(version).krux").path
    let words =
      [
        Executable.release, "bundle", "create", "--tree", "gateway=\(tree.path)", "--unit",
        "gateway=gateway.service", "--product", "kruxos", "--version", version, "--sequence",
        "\(sequence)", "--compatible", "test-box", "--key", secret, "--created",
        "2024-01-01T00:00:00Z", "--output", output,
      ] + options
    let ended = try run(words)
    guard ended.status == 0 else { throw ProgramFailure(words: words, output: ended.errors) }
    return output
  }

  private func runs() -> String? {
    try? String(contentsOf: device.url("services/gateway/current/bin/run"), encoding: .utf8)
  }

  private func code(_ ended: Child.Ended) throws -> String? {
    try JSONObject(try #require(ended.outputLines.last)).text("code")
  }

  // MARK: - The main way

  @Test func aServiceIsInstalledUpdatedAndRolledBack() throws {
    let before = try device.read("root-b.img")
    let first = try device.update("apply", "--service-only", try bundle("1.0", 1))
    #expect(first.status == 0)
    #expect(first.output.contains("gateway 1.0 is running and healthy."))
    #expect(runs() == "1.0")
    try device.update("apply", "--service-only", try bundle("1.1", 2))
    #expect(runs() == "1.1")
    #expect(try device.status().contains("Service:     gateway 1.1, previous 1.0"))
    #expect(try device.update("services").output.contains("gateway 1.1"))
    let back = try device.update("rollback", "--service", "gateway")
    #expect(back.status == 0)
    #expect(runs() == "1.0")
    let purged = try device.update("services", "purge", "--keep-days", "0")
    #expect(purged.output == "There is nothing to remove.\n")
    #expect(try device.read("root-b.img") == before)
  }

  @Test func aPipeWorksAsWell() throws {
    let path = try bundle("1.0", 1)
    #expect(try device.applyThroughPipe(path, "--service-only").status == 0)
    #expect(runs() == "1.0")
  }

  @Test func anImageAndATreeInOneBundle() throws {
    try device.write("new.img", Releases.next.image)
    let path = try bundle("1.0.1", 11, text: nil, "--image", device.url("new.img").path)
    let release = try succeed(
      Executable.release, "bundle", "verify", path, "--public-key",
      device.url("keys.d/service.pub").path)
    #expect(release.contains("verified, kruxos 1.0.1"))
    #expect(try device.update("apply", "--service-only", path).status == 0)
    #expect(runs() == "1.0.1")
    #expect(try device.targetIsUntouched())
    let image = try device.update("apply", path)
    #expect(image.status == 0)
    #expect(try device.slotHolds(Releases.next.image))
    #expect(try device.applyThroughPipe(path).output.contains("already staged"))
  }

  @Test func theSameFolderMakesTheSameBundle() throws {
    let one = try Data(contentsOf: URL(filePath: try bundle("1.0", 1)))
    try succeed("touch", tree.appending(path: "bin/run").path)
    #expect(try Data(contentsOf: URL(filePath: try bundle("1.0", 1))) == one)
  }

  /// An independent reader, written from docs/formats/bundle.md, unpacks the same tree.
  @Test func theReaderInPythonUnpacksTheSameTree() throws {
    let manager = FileManager.default
    _ = try bundle("1.0", 1)
    for folder in ["empty", "lib/deep"] {
      try manager.createDirectory(
        at: tree.appending(path: folder), withIntermediateDirectories: true)
    }
    for name in ["\u{FC}", "u\u{308}x", "a\nb", String(repeating: "l", count: 200)] {
      try Data(name.utf8).write(to: tree.appending(path: "lib/" + name))
    }
    try manager.createSymbolicLink(
      atPath: tree.appending(path: "lib/deep/link").path, withDestinationPath: "../../bin/run")
    try manager.setAttributes([.posixPermissions: 0o555], ofItemAtPath: tree.path + "/empty")
    try device.write("new.img", Releases.next.image)
    let path = try bundle("1.0.1", 11, text: nil, "--image", device.url("new.img").path)
    #expect(try device.update("apply", "--service-only", path).status == 0)

    let key = device.url("keys.d/service.pub").path
    let reader = URL(filePath: #filePath).appending(path: "../../reader").standardizedFileURL.path
    let (image, unpacked) = (device.url("read.img").path, device.url("read").path)
    try succeed("python3", "\(reader)/krux_bundle.py", "extract", path, key, image)
    #expect(try device.read("read.img") == Releases.next.image)
    try succeed("python3", "\(reader)/krux_tree.py", "extract", path, key, "gateway", unpacked)
    let installed = device.url("services/gateway-1.0.1").path
    try succeed("diff", "--recursive", "--no-dereference", unpacked, installed)
    func listed(_ folder: String) throws -> [String.SubSequence] {
      let find = ["find", folder, "-mindepth", "1", "!", "-type", "l", "-printf", "%P %m %T@\\0"]
      return try run(find).output.split(separator: "\0").sorted()
    }
    #expect(try listed(unpacked).count == 9)
    #expect(try listed(unpacked) == listed(installed))
    let other = ["extract", path, key, "vault", unpacked + "2"]
    #expect(try run(["python3", "\(reader)/krux_tree.py"] + other).status == 1)
  }

  // MARK: - What is refused

  @Test func aBundleOfServicesIsNoImage() throws {
    let ended = try device.update("apply", "--json", try bundle("1.0", 1))
    #expect(ended.status == 80)
    #expect(try code(ended) == "unsupported_artefact")
    #expect(ended.errors.contains("--service-only"))
    let image = try device.bundle(Releases.next.encoded)
    #expect(try device.update("apply", "--service-only", image).status == 80)
  }

  @Test func whatMayDoMoreIsAnnounced() throws {
    _ = try bundle("1.0", 1)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o4755], ofItemAtPath: tree.appending(path: "bin/run").path)
    #expect(throws: ProgramFailure.self) { try bundleKeepingModes("1.0", []) }
    let path = try bundleKeepingModes("1.0", ["--privileged", "gateway=bin/run"])
    #expect(try device.update("apply", "--service-only", path).status == 0)
    let attributes = try FileManager.default.attributesOfItem(
      atPath: device.url("services/gateway-1.0/bin/run").path)
    #expect(try #require(attributes[.posixPermissions] as? Int) == 0o4755)
  }

  private func bundleKeepingModes(_ version: String, _ options: [String]) throws -> String {
    let output = device.url("modes.krux").path
    let words =
      [
        Executable.release, "bundle", "create", "--tree", "gateway=\(tree.path)", "--product",
        "kruxos", "--version", version, "--sequence", "1", "--compatible", "test-box", "--key",
        secret, "--output", output,
      ] + options
    let ended = try run(words)
    guard ended.status == 0 else { throw ProgramFailure(words: words, output: ended.errors) }
    return output
  }

  @Test func linksThatLeadOutsideAreNotPublished() throws {
    _ = try bundle("1.0", 1)
    try FileManager.default.createSymbolicLink(
      atPath: tree.appending(path: "out").path, withDestinationPath: "/etc/passwd")
    let failure = #expect(throws: ProgramFailure.self) { try bundle("1.0", 1) }
    #expect(try #require(failure).output.contains("leads outside"))
  }

  @Test func namesComeOutAsTheyWentIn() throws {
    _ = try bundle("1.0", 1)
    // Composed, decomposed, and a line end.
    let names = ["\u{FC}", "u\u{308}x", "a\nb"]
    for name in names {
      try Data(name.utf8).write(to: tree.appending(path: name))
    }
    #expect(try device.update("apply", "--service-only", try bundle("1.0", 1)).status == 0)
    for name in names {
      #expect(
        try Data(contentsOf: device.url("services/gateway/current/" + name)) == Data(name.utf8))
    }
  }

  // MARK: - Health

  /// A real endpoint that answers well and badly in turn.
  @Test func aProbeThatFlapsPutsTheServiceBack() throws {
    try device.update("apply", "--service-only", try bundle("1.0", 1))
    let flapping: RoughServer.Script = {
      RoughAnswer($0.number % 2 == 0 ? "200 OK" : "503 Sick")
    }
    try withRoughServer(flapping) { server in
      try device.configure(
        DeviceFolder.configuration + ServiceTests.health.replacing("1", with: "2")
          + "timeout-seconds = 3\nhealth-url = \"\(server.address)\"\n")
      let ended = try device.update("apply", "--service-only", "--json", try bundle("1.1", 2))
      #expect(ended.status == 84)
      #expect(try code(ended) == "not_healthy")
      #expect(server.requests.count > 3)
    }
    #expect(runs() == "1.0")
    #expect(try device.status().contains("Put back:    gateway 1.1"))
  }

  @Test func anEndpointThatAnswersIsHealthy() throws {
    let server = try WebServer()
    try device.configure(
      DeviceFolder.configuration + ServiceTests.health
        + "health-url = \"\(server.address("health/ready"))\"\n")
    #expect(try device.update("apply", "--service-only", try bundle("1.0", 1)).status == 0)
    #expect(runs() == "1.0")
  }

  // MARK: - Usage

  @Test(arguments: [
    ["apply", "--no-restart", "x"], ["apply", "--service-only", "--dry-run", "x"],
    ["rollback", "--no-restart"], ["rollback", "--service", "x", "--force"],
    ["services", "purge", "--keep-days", "-1"],
  ])
  func optionsThatDoNotGoTogether(words: [String]) throws {
    #expect(try device.update(words).status == 64)
  }

  @Test func aServiceThatIsNotThere() throws {
    #expect(try device.update("rollback", "--service", "x").status == 84)
    #expect(try device.update("services").output.contains("No service"))
  }
}

/// Services from the channel that a device follows.
@Suite struct ServiceFeedTests {
  private let feed: ServedFeed
  private var device: DeviceFolder { feed.device }

  init() throws { feed = try ServedFeed() }

  private func both(_ version: String, _ sequence: Int64) throws -> Release {
    let tree = device.url("tree")
    try FileManager.default.createDirectory(at: tree, withIntermediateDirectories: true)
    try Data(version.utf8).write(to: tree.appending(path: "run"))
    try device.write("new.img", Releases.next.image)
    let secret = device.url("release.key").path
    if !FileManager.default.fileExists(atPath: secret) {
      try succeed(
        Executable.release, "keygen", "--secret", secret, "--public",
        device.url("keys.d/service.pub").path, "--no-password")
    }
    let path = device.url("both.krux").path
    try succeed(
      Executable.release, "bundle", "create", "--image", device.url("new.img").path, "--tree",
      "gateway=\(tree.path)", "--product", "kruxos", "--version", version, "--sequence",
      "\(sequence)", "--compatible", "test-box", "--key", secret, "--output", path)
    let bytes = Array(try Data(contentsOf: URL(filePath: path)))
    let signed = Array(bytes[try BundleParts(bytes).manifest])
    let manifest = try Manifest(decoding: signed)
    let place = "bundles/both-\(version).krux"
    try feed.write(place, bytes)
    return Release(
      version: version, sequence: sequence, compatible: manifest.compatible,
      released: Timestamp(seconds: 1_790_000_000), bundle: place,
      bundleLength: UInt64(bytes.count), manifestDigest: Digest(of: signed),
      imageDigest: manifest.artefacts[0].imageDigest,
      services: [
        Release.Service(name: "gateway", imageDigest: manifest.artefacts[1].imageDigest)
      ])
  }

  @Test func theNewestReleaseWithServicesIsInstalled() throws {
    let plain = try feed.release(Releases.newer)
    let first = try both("1.0.1", 11)
    try feed.publish(first, plain)
    let ended = try device.update("apply", "--service-only")
    #expect(ended.status == 0)
    #expect(ended.output.contains("gateway 1.0.1 is running"))
    #expect(try device.targetIsUntouched())
    let again = try device.update("apply", "--service-only")
    #expect(again.output.contains("nothing to do"))
    try feed.publish(first, try both("1.0.3", 13), plain)
    #expect(try device.update("apply", "--service-only", "--version", "1.0.3").status == 0)
    #expect(try device.status().contains("gateway 1.0.3, previous 1.0.1"))
  }
}
