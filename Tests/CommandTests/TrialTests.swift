import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// How a trial ends, and the ways back.
@Suite struct TrialTests {
  @Test func rollBackReturnsToThePreviousVersionOnTrial() throws {
    let device = try DeviceFolder()
    try device.bootIntoTrial()
    try device.update("confirm")
    let rolledBack = try device.update("rollback")
    #expect(rolledBack.status == 0)
    #expect(rolledBack.output == "Rollback to 1.0.0 staged. It will activate on reboot.\n")
    #expect(try device.control().trial == .a)
    try device.update("reboot")
    #expect(try device.status().contains("Boot slot:    A (root-a.img)\nVersion:      1.0.0\n"))
    #expect(try device.status().contains("Boot status:  TRIAL"))
    try device.update("confirm")
    #expect(try device.status().contains("Previous:     1.0.1 (root-b.img, available for"))
  }

  @Test func rollBackCallsOffWhatIsStaged() throws {
    let device = try DeviceFolder()
    try device.update("apply", try device.bundle(Releases.next.encoded))
    #expect(try device.update("rollback").output == "The staged update to 1.0.1 is called off.\n")
    #expect(device.nextBoot() == .boot(.a))
    #expect(try device.control().trial == nil)
    #expect(try !device.control().b.bootable)
  }

  @Test func rollBackToARottenSlotIsRefused() throws {
    let device = try DeviceFolder()
    try device.bootIntoTrial()
    try device.update("confirm")
    var rotten = Releases.running
    rotten[3 << 20] ^= 1
    try device.write("root-a.img", rotten)
    for options in [[], ["--force"]] {
      let refused = try device.update(["rollback"] + options)
      #expect(refused.status == 80)
      #expect(
        refused.errors.hasPrefix("krux-update: root-a.img no longer holds version 1.0.0 whole"))
      #expect(device.nextBoot() == .boot(.b))
    }
  }

  @Test func rollBackOnANewDeviceHasNowhereToGo() throws {
    let device = try DeviceFolder()
    let refused = try device.update("rollback")
    #expect(refused.status == 80)
    #expect(refused.errors.contains("the other slot holds no version that is known to be whole"))
    #expect(device.nextBoot() == .boot(.a))
  }

  @Test func rejectReturnsAndStatusSaysWhy() throws {
    let device = try DeviceFolder()
    try device.bootIntoTrial()
    let reason = "Health check timeout — gateway failed to start"
    let rejected = try device.update("reject", "--reason", reason)
    #expect(rejected.output == "Rejected. Version 1.0.0 will come back on reboot.\n")
    let waiting = try device.update("status").output
    #expect(waiting.contains("Boot status:  REJECTED (the other slot boots next)\n"))
    #expect(try device.update("confirm").status == 80)
    try device.update("reboot")
    #expect(
      try device.status() == """
        Boot slot:    A (root-a.img)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from 1.0.1)
        Rollback reason: Health check timeout — gateway failed to start

        """)
  }

  @Test func rejectNeedsATrial() throws {
    let device = try DeviceFolder()
    let refused = try device.update("reject")
    #expect(refused.status == 80)
    #expect(refused.errors.contains("is not on trial, so there is nothing to reject"))
  }

  /// The new version never comes up: the bootloader spends its tries, and the old one returns by itself.
  @Test func aReleaseThatNeverComesUpIsLeftAndRemembered() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    try device.update("apply", path)
    for _ in 0..<3 {
      #expect(device.nextBoot() == .boot(.b))
      try device.update("reboot")
    }
    try device.update("reboot")
    #expect(
      try device.status() == """
        Boot slot:    A (root-a.img)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from 1.0.1)
        Rollback reason: The new version did not come up: 3 of 3 tries used

        """)

    let again = try device.update("apply", path)
    #expect(again.status == 80)
    #expect(again.errors.contains("release 1.0.1 failed on this device before"))
    #expect(again.errors.contains("add --force to try it again"))
    #expect(try device.update("apply", "--force", path).status == 0)
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test func theNextInstallWritesTheAccountDown() throws {
    let device = try DeviceFolder()
    try device.update("apply", try device.bundle(Releases.next.encoded))
    for _ in 0..<4 { try device.update("reboot") }
    try device.update("apply", try device.bundle(Releases.newer.encoded))
    let json = try JSONObject(try device.update("status", "--json").output)
    #expect(json.list("knownBad").map { $0["version"] as? String } == ["1.0.1"])
    #expect(json.text("stagedVersion") == "1.0.2")
  }

  @Test func anUpdateDuringATrialIsRefused() throws {
    let device = try DeviceFolder()
    try device.bootIntoTrial()
    let refused = try device.update("apply", try device.bundle(Releases.newer.encoded))
    #expect(refused.status == 80)
    #expect(refused.errors.contains("the running version is on trial"))
    #expect(try device.read("root-a.img") == Releases.running)
    let rollback = try device.update("rollback")
    #expect(rollback.status == 80)
    #expect(rollback.errors.contains("'krux-update reject' ends the trial and goes back"))
  }

  @Test func confirmWithoutATrialGivesTheTriesBack() throws {
    let device = try DeviceFolder()
    #expect(try device.control().triesLeft(.a) == 2)
    let confirmed = try device.update("confirm")
    #expect(confirmed.output == "No trial is on; the running slot has all its tries.\n")
    #expect(try device.control().triesLeft(.a) == 3)
    // The try of this boot was seen, so an update is possible still.
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
  }

  @Test func goingDownNeedsTheFlag() throws {
    let device = try DeviceFolder(version: "2.0.0", sequence: 20)
    let path = try device.bundle(Releases.next.encoded)
    let refused = try device.update("apply", path)
    #expect(refused.status == 80)
    #expect(
      refused.errors.contains(
        "release 1.0.1 (sequence 11) is older than the running 2.0.0 (sequence 20)"))
    #expect(refused.errors.contains("add --allow-downgrade to go back on purpose"))
    #expect(try device.targetIsUntouched())
    #expect(try device.update("apply", "--allow-downgrade", path).status == 0)
  }

  /// Only a confirmed release raises the floor, and nothing goes below it.
  @Test func theFloorHolds() throws {
    let device = try DeviceFolder()
    let raising = Releases.newer.changing { $0.manifest.floor = 12 }
    let old = try device.bundle(Releases.next.encoded, "old.krux")
    try device.update("apply", try device.bundle(raising.encoded))
    #expect(try JSONObject(try device.update("status", "--json").output).number("floor") == 0)
    try device.update("reboot")
    try device.update("confirm")
    let refused = try device.update("apply", "--allow-downgrade", "--force", old)
    #expect(refused.status == 80)
    #expect(refused.errors.contains("release 1.0.1 has sequence 11, below the floor 12"))
    #expect(try device.read("root-a.img") == Releases.running)
  }
}
