import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// What is told of commands: to the journal, in the audit log, and by `history` and `log`.
@Suite struct RecordTests {
  private func device() throws -> DeviceFolder {
    let device = try DeviceFolder()
    try FileManager.default.createDirectory(
      at: device.url("run"), withIntermediateDirectories: true)
    return device
  }

  @Test func theJournalHearsOfAnUpdate() throws {
    let device = try device()
    let journal = try DatagramReceiver(device.url("run/journal").path)
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
    let begun = try #require(journal.receive())
    #expect(begun.contains("KRUX_KIND=install-started\n"))
    let staged = try #require(journal.receive())
    #expect(staged.contains("MESSAGE=Staged version 1.0.2 in slot B\n"))
    #expect(staged.contains("MESSAGE_ID=\(RecordEvent.Kind.staged.messageID)\n"))
    #expect(staged.contains("PRIORITY=5\nSYSLOG_IDENTIFIER=krux-update\n"))
    #expect(staged.contains("KRUX_COMMAND=krux-update apply\n"))
  }

  @Test func tamperingIsCritical() throws {
    let device = try device()
    let journal = try DatagramReceiver(device.url("run/journal").path)
    var bytes = Releases.newer.encoded
    bytes[try BundleParts(bytes).manifest.lowerBound + 40] ^= 1
    #expect(try device.update("apply", try device.bundle(bytes)).status == 76)
    let message = try #require(journal.receive())
    #expect(message.contains("PRIORITY=2\n"))
    #expect(message.contains("KRUX_CODE=trust.bad_signature\n"))
  }

  /// From the journal of systemd itself, in a namespace of its own.
  @Test func journaldKeepsWhatItIsTold() throws {
    let device = try device()
    let bundle = try device.bundle(Releases.newer.encoded)
    let script = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Support/with-journald").path
    let output = try succeed(
      "unshare", "--mount", "--propagation", "private", script, device.url("run/journal").path,
      Executable.update, "apply", "--root", device.path, bundle)
    let kinds = try output.split(separator: "\n").map { try JSONObject(String($0)) }
    #expect(kinds.map { $0.text("KRUX_KIND") } == ["install-started", "staged"])
    let staged = try #require(kinds.last)
    #expect(staged.text("MESSAGE") == "Staged version 1.0.2 in slot B")
    #expect(staged.text("MESSAGE_ID") == RecordEvent.Kind.staged.messageID)
    #expect(staged.text("PRIORITY") == "5")
    #expect(staged.text("KRUX_VERSION") == "1.0.2")
  }

  @Test func theCatalogueHasEveryKind() throws {
    let device = try device()
    let folder = device.url("catalogue/usr/lib/systemd/catalog")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let source = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../packaging/systemd/krux.catalog")
    try FileManager.default.copyItem(at: source, to: folder.appending(path: "krux.catalog"))
    let root = "--root=\(device.url("catalogue").path)"
    try succeed("journalctl", root, "--update-catalog")
    let listed = try succeed("journalctl", root, "--list-catalog").split(separator: "\n")
    let ids = Set(listed.map { String($0.prefix { $0 != " " }) })
    #expect(ids == Set(RecordEvent.Kind.known.map(\.messageID)))
    #expect(listed.allSatisfy { $0.contains(" krux-update: ") })
  }

  // MARK: - Commands

  @Test func historyIsTheLedgers() throws {
    let device = try device()
    try device.bootIntoTrial(Releases.newer)
    try device.update("confirm")
    let output = try device.update("history").outputLines.map {
      $0.split(separator: " ").dropFirst().joined(separator: " ")
    }
    #expect(
      output == [
        "A provisioned 1.0.0", "B install-started 1.0.2", "B staged 1.0.2",
        "B confirmed 1.0.2 operator",
      ])
    let object = try JSONObject(try device.update("history", "-n", "1", "--json").output)
    #expect(object.text("type") == "history")
    #expect(object.list("entries").compactMap { $0["event"] as? String } == ["confirmed"])
    #expect(try device.update("history", "-n", "-1").status == 64)
  }

  @Test func theLogHasRefusalsToo() throws {
    let device = try device()
    let path = try device.bundle(Releases.newer.encoded)
    #expect(try device.update("apply", path, "--no-reboot").status == 0)
    #expect(try device.update("reject").status == 80)
    let lines = try device.update("log").outputLines.map { String($0.dropFirst(22)) }
    #expect(
      lines == [
        "The factory wrote version 1.0.0 in slot A  (krux-release provision)",
        "The install of version 1.0.2 in slot B begins  (krux-update apply)",
        "Staged version 1.0.2 in slot B  (krux-update apply)",
        "Refused: the running version is not on trial, so there is nothing to reject"
          + "  (krux-update reject)",
      ])
    let object = try JSONObject(try device.update("log", "-n", "1", "--json").output)
    #expect(object.text("event") == "update")
    #expect(object.text("kind") == "refused")
    #expect(object.text("code") == "policy.no_trial")
  }

  @Test func withoutALogThereIsNothingToSay() throws {
    let device = try device()
    try FileManager.default.removeItem(at: device.url("audit.log"))
    let ended = try device.update("log")
    #expect(ended.status == 0)
    #expect(ended.output + ended.errors == "")
  }

  @Test func aReaderThatGoesAwayEndsIt() throws {
    let device = try device()
    let command = "'\(Executable.update)' log -f --root '\(device.path)' | head -n 1"
    let child = try Child(["sh", "-c", command])
    // It notices with the next line.
    while !child.isOver { try device.update("reject") }
    let ended = child.wait()
    #expect(ended.output.contains("The factory wrote"))
    #expect(ended.errors == "")
  }

  @Test func damagedLinesAreSaid() throws {
    let device = try device()
    try device.write("audit.log", Array("{\n\u{1B}[2J\n".utf8))
    let ended = try device.update("log")
    #expect(ended.status == 0)
    #expect(ended.output == "")
    #expect(ended.errors.contains("2 lines of the log are damaged"))
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func theLogIsFollowedUntilASignal(_ signal: Int32) throws {
    let device = try device()
    try device.update("reject")
    let lines = try EventStream()
    let child = try Child(
      [Executable.update, "log", "-f", "--json", "--root", device.path], outputTo: lines.path)
    #expect(try lines.line().contains("\"kind\":\"provisioned\""))
    #expect(try lines.line().contains("\"kind\":\"refused\""))
    try device.update("apply", "--no-reboot", try device.bundle(Releases.newer.encoded))
    #expect(try lines.line().contains("\"kind\":\"install-started\""))
    #expect(try lines.line().contains("\"kind\":\"staged\""))
    child.signal(signal)
    #expect(child.wait(atMost: 30).status == 128 + signal)
  }

  /// Costs lines of the log and nothing else, and is said once.
  @Test func withoutALogUpdatesGoOn() throws {
    let device = try device()
    try FileManager.default.removeItem(at: device.url("audit.log"))
    try FileManager.default.createDirectory(
      at: device.url("audit.log"), withIntermediateDirectories: true)
    let path = try device.bundle(Releases.newer.encoded)
    let ended = try device.update("apply", path, "--no-reboot")
    #expect(ended.status == 0)
    #expect(ended.errors == lostLines(device, "Is a directory"))
    #expect(device.nextBoot() == .boot(.b))
  }

  /// The ledger has room of its own on a full data partition. Here other programs took all that the log could get: its
  /// file is on a file system without a free block.
  @Test func aFullDiskHoldsUpNoUpdate() throws {
    let device = try device()
    let full = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: full, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: full) }
    try succeed("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", full.path)
    defer { _ = try? succeed("umount", full.path) }
    // Room for the first bytes of the next line, and for no more.
    let line = try #require(String(bytes: try device.read("audit.log"), encoding: .utf8))
    let filler = String(repeating: " ", count: 4096 - 20 - line.utf8.count - 1) + "\n"
    let before = Data((filler + line).utf8)
    let log = full.appending(path: "audit.log")
    try before.write(to: log)
    try succeed("mount", "--bind", log.path, device.url("audit.log").path)
    defer { _ = try? succeed("umount", device.url("audit.log").path) }
    let ended = try device.update(
      "apply", try device.bundle(Releases.newer.encoded), "--no-reboot")
    #expect(ended.status == 0)
    #expect(ended.errors == lostLines(device, "No space left on device"))
    #expect(device.nextBoot() == .boot(.b))
    #expect(try Data(contentsOf: log) == before)
    let object = try JSONObject(try device.update("history", "-n", "1", "--json").output)
    #expect(object.list("entries").compactMap { $0["event"] as? String } == ["staged"])
  }

  private func lostLines(_ device: DeviceFolder, _ error: String) -> String {
    "warning: the audit log in \(device.path) cannot be written: \(error);"
      + " check the data partition: it has to be writable and not full\n"
  }
}
