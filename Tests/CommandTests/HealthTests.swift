import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// `krux-health` on a folder that plays a device, with a real web server behind `/health/ready`. The boot clock of this
/// machine is past the shortest deadline, so a watch that starts now has one round.
@Suite struct HealthTests {
  private let server: WebServer

  init() throws { server = try WebServer() }

  private func device(
    _ health: String, trial: Bool = true, timeout: Int = 10, checkTimeout: Int = 600
  ) throws -> DeviceFolder {
    let device = try DeviceFolder()
    if trial { try device.bootIntoTrial() }
    try device.configure(
      DeviceFolder.configuration
        + "[health]\ntimeout-seconds = \(timeout)\ncheck-timeout-seconds = \(checkTimeout)\n"
        + "url = \"\(health.isEmpty ? "" : server.address(health))\"\n")
    return device
  }

  private func health(_ words: String..., on device: DeviceFolder) throws -> Child.Ended {
    try run([Executable.health] + words + ["--root", device.path])
  }

  private func script(_ name: String, _ body: String, in device: DeviceFolder) throws {
    let url = device.url("health.d/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try "#!/bin/sh\n\(body)\n".write(to: url, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
  }

  @Test func aHealthyTrialIsConfirmed() throws {
    let device = try device("health/ready")
    let ended = try health("run", on: device)
    #expect(ended.status == 0)
    #expect(ended.errors.hasSuffix("Version 1.0.1 is confirmed.\n"))
    #expect(
      try device.status() == """
        Boot slot:    B (root-b.img)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (root-a.img, available for rollback)

        """)
    #expect(try device.control().trial == nil && device.control().b.triesMade == 0)
  }

  private static let begun = "version 1.0.1 is on trial"
  private static let ended = "Version 1.0.1 is confirmed."

  /// As the unit runs it, beside a real journald: what the record tells is not said a second time.
  @Test func theJournalIsToldOnce() throws {
    let (record, stream) = try journal(of: try device("health/ready"), "exec \"$@\"")
    #expect(record == ["Confirmed version 1.0.1 in slot B: krux-health"])
    #expect(stream == [HealthTests.begun])
  }

  /// `JOURNAL_STREAM` is inherited by whoever leads standard error elsewhere.
  @Test func whoDoesNotReadTheJournalIsTold() throws {
    let device = try device("health/ready")
    let errors = device.url("errors").path
    let (record, stream) = try journal(of: device, "exec \"$@\" 2>'\(errors)'")
    #expect(record == ["Confirmed version 1.0.1 in slot B: krux-health"])
    #expect(stream == [])
    let text = String(decoding: try device.read("errors"), as: UTF8.self)
    #expect(text == "\(HealthTests.begun)\n\(HealthTests.ended)\n")
  }

  /// A folder that plays a device has a record of its own.
  @Test func theJournalIsToldWhatItsRecordIsNot() throws {
    let device = try device("health/ready")
    let socket = device.url("run/journal").path
    let (record, stream) = try journal(of: device, "rm '\(socket)'; exec \"$@\"")
    #expect(record == [])
    #expect(stream == [HealthTests.begun, HealthTests.ended])
  }

  /// What `krux-health run`, started by `script`, tells the record, and what the journal has of its standard error.
  private func journal(
    of device: DeviceFolder, _ script: String
  ) throws -> (record: [String], stream: [String]) {
    try FileManager.default.createDirectory(
      at: device.url("run"), withIntermediateDirectories: true)
    let support = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Support")
    // systemd.exec(5): device and inode of the stream, in decimal.
    let stream = "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); "
    let output = try succeed(
      "unshare", "--mount", "--propagation", "private",
      support.appending(path: "with-journald").path, device.url("run/journal").path,
      "systemd-cat", "--identifier", "krux-health", "sh", "-c", stream + script, "sh",
      Executable.health, "run", "--root", device.path)
    let messages = try output.split(separator: "\n").map { try JSONObject(String($0)) }
    func texts(_ transport: String) -> [String] {
      messages.filter { $0.text("_TRANSPORT") == transport }.compactMap { $0.text("MESSAGE") }
    }
    return (texts("journal"), texts("stdout"))
  }

  @Test func anUnhealthyTrialComesBackAndSaysWhichService() throws {
    let device = try device("sick/health/ready")
    let ended = try health("run", on: device)
    #expect(ended.status == 69)
    #expect(
      ended.errors.hasSuffix(
        """
        falling back: Health check timeout: gateway failed to start
        krux-health: Health check timeout: gateway failed to start
          hint: the other slot boots next

        """))
    #expect(
      try device.status() == """
        Boot slot:    A (root-a.img)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from 1.0.1)
        Rollback reason: Health check timeout: gateway failed to start

        """)
    #expect(try health("run", on: device).status == 69, "this boot is not healthy either")
    #expect(
      try device.status().hasSuffix(
        "Health:       FAILED (Health check timeout: gateway failed to start)\n"))
    let verbose = try device.update("status", "--verbose").output
    #expect(
      verbose.contains("Evidence:\n  krux-health: Health check timeout: gateway failed to start"))
    let json = try JSONObject(device.update("status", "--json").output)
    #expect(
      json.text("rollbackReason") == "Health check timeout: gateway failed to start")
  }

  @Test func aRequiredCheckThatFailsOrHangsEndsATrial() throws {
    for (body, timeout, reason) in [
      ("echo the display stays dark; exit 1", 600, "10-display failed: the display stays dark"),
      ("sleep 1000", 1, "10-display did not end within 1 s"),
    ] {
      // Long enough for a round of checks on a busy machine.
      let device = try device("health/ready", timeout: 20, checkTimeout: timeout)
      try script("required/10-display", body, in: device)
      #expect(try health("run", on: device).status == 69)
      let status = try device.status()
      #expect(
        status.contains("Rollback reason: Health check timeout: required check \(reason)\n"),
        "\(status)")
    }
  }

  @Test func aWantedCheckIsReportedOnly() throws {
    let device = try device("")
    try script("required/10-ok", "test $KRUX_TRIAL = 1 && test $KRUX_SLOT = B", in: device)
    try script("wanted/20-printer", "echo out of paper; exit 1", in: device)
    let ended = try health("run", on: device)
    #expect(ended.status == 0)
    let complaint = "wanted check 20-printer failed: out of paper"
    #expect(ended.errors.contains("warning: \(complaint)\n"))
    #expect(try device.status().contains("Boot status:  CONFIRMED\n"))
    #expect(
      try device.update("status", "--verbose").output.contains(
        "Health:       healthy\n  \(complaint)"))
  }

  @Test func oneCheckForAPersonChangesNothing() throws {
    let device = try device("health/ready")
    let before = try device.snapshot()
    #expect(try health("check", on: device).output == "healthy\n")
    try device.configure(
      DeviceFolder.configuration + "[health]\nurl = \"\(server.address("sick/health/ready"))\"\n")
    let ended = try health("check", on: device)
    #expect(ended.status == 69 && ended.output == "")
    #expect(ended.errors == "krux-health: gateway failed to start\n")
    var after = try device.snapshot()
    after["update.toml"] = before["update.toml"]
    #expect(after == before)
  }

  @Test func aMistakeInTheConfigurationDoesNotStopTheWatch() throws {
    let device = try device("health/ready")
    let text = String(decoding: try device.read("update.toml"), as: UTF8.self)
    try device.configure("nonsense = 1\n" + text)
    let ended = try health("run", on: device)
    #expect(ended.status == 0)
    #expect(ended.errors.contains("update.toml:1: 'nonsense' is not a key of this file\n"))
    #expect(try device.control().trial == nil)
  }

  @Test func theMarkerTellsServicesOfATrial() throws {
    let device = try device("health/ready")
    #expect(try health("mark", on: device).output == "trial\n")
    #expect(try device.read("run/trial") == Array("1.0.1\n".utf8))
    _ = try health("run", on: device)
    #expect(throws: (any Error).self) { try device.read("run/trial") }
    #expect(try health("mark", on: device).output == "no trial\n")
  }

  @Test func anEmergencyInATrialComesBackAtOnce() throws {
    let device = try device("health/ready")
    #expect(try health("emergency", on: device).status == 0)
    #expect(
      try device.status().contains("Rollback reason: The boot ended in emergency.target"))
    let before = try device.snapshot()
    #expect(try health("emergency", on: device).status == 0)
    #expect(try device.snapshot() == before, "without a trial nothing is done")
  }

  @Test func aHealthyBootWritesALostEnvironmentAnew() throws {
    let device = try device("health/ready", trial: false)
    try device.write("grubenv", [UInt8](repeating: 0, count: 1024))
    let ended = try health("run", on: device)
    #expect(ended.status == 0)
    #expect(ended.errors.hasSuffix("The boot is healthy. A new boot environment was written.\n"))
    #expect(device.nextBoot() == .boot(.a))
    #expect(try !device.control().b.bootable)
  }

  @Test func aTrialTellsTheTimeThatIsLeft() throws {
    let device = try device("sick/health/ready")
    let bootID = String(decoding: try device.read("boot"), as: UTF8.self).split(separator: "\n")[1]
    try device.write(
      "run/health.json",
      Array(
        """
        {"type":"krux-health","format":1,"boot":"\(bootID)","state":"checking",
         "reason":"gateway failed to start","complaints":[],
         "trialDeadlineMilliseconds":\(Int64.max / 2)}
        """.utf8))
    let status = try device.status()
    #expect(status.contains("TRIAL (not confirmed yet, 2 of 3 tries left, falls back in "))
    let json = try JSONObject(device.update("status", "--json").output)
    #expect(json.text("bootStatus") == "trial")
  }
}
