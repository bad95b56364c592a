import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// What an operator sees when all goes well, from nginx to the confirmed release.
@Suite struct MainScenarioTests {
  @Test func anUpdateFromNginxIsStagedTriedAndConfirmed() throws {
    let device = try DeviceFolder()
    let server = try WebServer()
    let address = try server.publish(Releases.next.encoded, "kruxos-1.0.1.krux")
    let bundleBytes = Releases.next.encoded.count

    let applied = try device.update("apply", address)
    #expect(applied.status == 0)
    #expect(applied.errors == "")
    #expect(
      applied.output == """
        Downloading kruxos-1.0.1.krux... (\((bundleBytes + 500_000) / 1_000_000) MB)
        Verifying signature... ✓ (Ed25519, key \(Releases.key.id))
        Writing to inactive partition (root-b.img)...
        Reading back and verifying...

        Update staged. The new version will activate on reboot.

        """)
    #expect(try device.slotHolds(Releases.next.image))
    #expect(try device.read("root-a.img") == Releases.running)
    let image = Releases.next.manifest.artefacts[0].imageDigest
    #expect(
      try succeed("grub-editenv", "\(device.path)/grubenv", "list") == """
        ORDER=B A
        A_OK=1
        A_TRY=0
        B_OK=1
        B_TRY=0
        TRIAL=B
        TRIES=3
        BAD=\(image.hex)
        WHY=\(String(repeating: " ", count: 120))

        """)
    #expect(
      try device.status() == """
        Boot slot:    A (root-a.img)
        Version:      1.0.0
        Boot status:  CONFIRMED
        Staged:       1.0.1 (root-b.img, activates on reboot)

        """)

    #expect(try device.update("reboot").status == 0)
    #expect(
      try device.status() == """
        Boot slot:    B (root-b.img)
        Version:      1.0.1
        Boot status:  TRIAL (not confirmed yet, 2 of 3 tries left)
        Previous:     1.0.0 (root-a.img, available for rollback)

        """)

    #expect(try device.update("confirm").output == "Version 1.0.1 is confirmed.\n")
    #expect(
      try device.status() == """
        Boot slot:    B (root-b.img)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (root-a.img, available for rollback)

        """)
    #expect(try device.control().trial == nil)
    #expect(try device.control().triesLeft(.b) == 3)
  }

  @Test func theStageRecordIsKeptBeforeTheSwitch() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    #expect(try device.update("apply", path).status == 0)
    let ledger = String(decoding: try device.read("ledger.json"), as: UTF8.self)
    #expect(ledger.contains("staged"))
    #expect(ledger.contains("1.0.1"))
  }

  @Test(arguments: ["file", "pipe"])
  func otherSourcesDoAsWell(source: String) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded, "kruxos-1.0.1.krux")
    let applied =
      try source == "file" ? device.update("apply", path) : device.applyThroughPipe(path)
    #expect(applied.status == 0)
    let name = source == "file" ? "kruxos-1.0.1.krux" : "standard input"
    #expect(applied.output.hasPrefix("Reading \(name)... ("))
    #expect(try device.slotHolds(Releases.next.image))
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test func rebootAfterTheSwitchNeedsNoSecondCommand() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    let applied = try device.update("apply", "--reboot", path)
    #expect(applied.output.hasSuffix("will activate on reboot.\nRebooting...\n"))
    #expect(try device.status().contains("Boot slot:    B (root-b.img)"))
  }

  @Test func theProgramAnswersToKruxUpdate() throws {
    let device = try DeviceFolder()
    let krux = device.url("krux").path
    try FileManager.default.createSymbolicLink(
      atPath: krux, withDestinationPath: Executable.update)
    let words = ["update", "status", "--root", device.path]
    #expect(try run([krux] + words).output == device.status())
    // Only under that name: krux-update has no subcommand `update`.
    #expect(try run([Executable.update] + words).status == 64)
  }

  @Test func dryRunWritesNothing() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    let before = try device.snapshot()
    let planned = try device.update("apply", "--dry-run", path)
    #expect(planned.status == 0)
    #expect(planned.output.contains("To write:     at most 4 MB\n"))
    #expect(planned.output.hasSuffix("Nothing was written (--dry-run).\n"))
    #expect(try device.snapshot() == before)
  }

  @Test func statusWritesNothing() throws {
    let device = try DeviceFolder()
    let before = try device.snapshot()
    try device.update("status", "--verbose")
    #expect(try device.snapshot() == before)
  }

  @Test func whatIsThereAlreadyIsSaidAndNotWritten() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    #expect(try device.update("apply", path).status == 0)
    let before = try device.snapshot()
    let again = try device.update("apply", path)
    #expect(again.status == 0)
    #expect(
      again.output.hasSuffix("Version 1.0.1 is already staged; it will activate on reboot.\n"))
    #expect(try device.snapshot() == before)

    try device.update("reboot")
    try device.update("confirm")
    let confirmed = try device.snapshot()
    let running = try device.update("apply", path)
    #expect(running.output == "Version 1.0.1 is already running; nothing to do.\n")
    #expect(try device.snapshot() == confirmed)
  }

  @Test func aNewerReleaseTakesThePlaceOfAStagedOne() throws {
    let device = try DeviceFolder()
    #expect(try device.update("apply", try device.bundle(Releases.next.encoded)).status == 0)
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
    #expect(try device.slotHolds(Releases.newer.image))
    #expect(try device.status().contains("Staged:       1.0.2 (root-b.img"))
    try device.update("reboot")
    #expect(try device.status().contains("Version:      1.0.2\n"))
  }

  @Test func forceInstallsTheRunningVersionAgain() throws {
    let device = try DeviceFolder()
    try device.bootIntoTrial()
    try device.update("confirm")
    let again = try device.update("apply", "--force", device.url("bundle.krux").path)
    #expect(again.status == 0)
    #expect(try device.slotHolds(Releases.next.image, .a))
    #expect(device.nextBoot() == .boot(.a))
  }

  /// `krux-update apply ... | head -1` installs all the same.
  @Test func aReaderThatGoesAwayIsNoReasonToStop() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    let fifo = device.url("closed").path
    // The reader has gone before the first line is written.
    let command =
      "mkfifo '\(fifo)'; : <'\(fifo)' & exec 3>'\(fifo)'; wait $!; "
      + "exec '\(Executable.update)' apply --root '\(device.path)' '\(path)' >&3"
    #expect(try run(["sh", "-c", command]).status == 0)
    #expect(try device.slotHolds(Releases.next.image))
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsNameTheCommands(shell: String) throws {
    let script = try succeed(Executable.update, "--generate-completion-script", shell)
    for name in ["apply", "rollback", "allow-downgrade"] { #expect(script.contains(name)) }
  }

  @Test func helpNamesEveryCommandAndTheExitStatuses() throws {
    let help = try run([Executable.update, "--help"]).output
    for name in ["apply", "status", "rollback", "confirm", "reject", "verify", "reboot"] {
      #expect(help.contains("\n  \(name) "))
      #expect(try run([Executable.update, name, "--help"]).output.contains("EXAMPLES:"))
    }
    for status in ["64", "65", "66", "74", "75", "76", "77", "78", "80", "81", "82", "130"] {
      #expect(help.contains("\n  \(status) "))
    }
    #expect(try run([Executable.update, "aply"]).status == 64)
  }
}
