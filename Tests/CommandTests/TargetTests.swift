import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Targets that cannot be written, and people and programs that may not.
@Suite struct TargetTests {
  private func expectRefusal(
    _ device: DeviceFolder, _ status: Int32, _ sentence: String
  ) throws {
    let path = try device.bundle(Releases.newer.encoded)
    let environment = try device.read("grubenv")
    let refused = try device.update("apply", path)
    #expect(refused.status == status)
    #expect(refused.errors.contains(sentence))
    #expect(refused.errors.contains("\n  hint: "))
    #expect(try device.read("grubenv") == environment)
    #expect(try device.read("root-a.img") == Releases.running)
  }

  @Test func aMissingTargetIsNamed() throws {
    let device = try DeviceFolder()
    try FileManager.default.removeItem(at: device.url("root-b.img"))
    try expectRefusal(device, 74, "slot B is missing: there is no \(device.path)/root-b.img")
  }

  @Test func aTargetThatIsTooSmallIsLeftAlone() throws {
    let device = try DeviceFolder()
    let small = [UInt8](repeating: 0x5A, count: 8192)
    try device.write("root-b.img", small)
    try expectRefusal(device, 80, "the image has 1048576 bytes and the target slot only 8192")
    #expect(try device.read("root-b.img") == small)
  }

  /// Both names lead to the same file, so the target is the running system.
  @Test(arguments: ["symbolic", "hard"])
  func aTargetThatIsTheRunningSystemIsNeverWritten(link: String) throws {
    let device = try DeviceFolder()
    try FileManager.default.removeItem(at: device.url("root-b.img"))
    if link == "symbolic" {
      try FileManager.default.createSymbolicLink(
        atPath: device.url("root-b.img").path, withDestinationPath: "root-a.img")
    } else {
      try FileManager.default.linkItem(
        at: device.url("root-a.img"), to: device.url("root-b.img"))
    }
    try expectRefusal(device, 74, "is the running system and is never written")
  }

  @Test func aTargetInUseIsLeftAlone() throws {
    let device = try DeviceFolder()
    let file = try FileHandle(forWritingTo: device.url("root-b.img"))
    #expect(flock(file.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
    try expectRefusal(device, 74, "root-b.img is in use by another program or mounted")
    #expect(try device.targetIsUntouched())
    // Unlocked before it is closed: a child that another test starts now has a copy of the descriptor.
    #expect(flock(file.fileDescriptor, LOCK_UN) == 0)
    try file.close()
    #expect(try device.update("apply", device.url("bundle.krux").path).status == 0)
  }

  @Test func aMountedTargetIsLeftAlone() throws {
    let device = try DeviceFolder()
    let image = device.url("fs.img").path
    try succeed("truncate", "-s", "16M", image)
    try succeed("mkfs.ext4", "-q", "-F", image)
    let loop = try succeed("losetup", "--find", "--show", image)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let place = device.url("mnt").path
    defer {
      _ = try? run(["umount", place])
      _ = try? run(["losetup", "--detach", loop])
    }
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try succeed("mount", "-o", "ro", loop, place)
    try FileManager.default.removeItem(at: device.url("root-b.img"))
    try FileManager.default.createSymbolicLink(
      atPath: device.url("root-b.img").path, withDestinationPath: loop)
    let content = Digest(of: try device.read("fs.img"))
    try expectRefusal(device, 74, "the target slot root-b.img is mounted at \(place)")
    #expect(Digest(of: try device.read("fs.img")) == content)
  }

  @Test func anInstallIntoALoopDeviceNeedsNothingElse() throws {
    let device = try DeviceFolder()
    let loop = try succeed("losetup", "--find", "--show", device.url("root-b.img").path)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    defer { _ = try? run(["losetup", "--detach", loop]) }
    try FileManager.default.moveItem(at: device.url("root-b.img"), to: device.url("disk.img"))
    try FileManager.default.createSymbolicLink(
      atPath: device.url("root-b.img").path, withDestinationPath: loop)
    #expect(try device.update("apply", try device.bundle(Releases.next.encoded)).status == 0)
    try succeed("losetup", "--detach", loop)
    #expect(try device.read("disk.img").starts(with: Releases.next.image))
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test func aFolderThatPlaysNoDeviceIsNamed() throws {
    let device = try DeviceFolder()
    try FileManager.default.removeItem(at: device.url("boot"))
    let refused = try device.update("status")
    #expect(refused.status == 74)
    #expect(refused.errors.contains("is not a folder that plays a device"))
    #expect(refused.errors.contains("make one with 'krux-release provision --root DIR'"))
  }

  // MARK: - Not root

  private static let nobody = [
    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
  ]

  /// A copy that anybody may run, wherever the package was built.
  private func publicCopy(in device: DeviceFolder) throws -> String {
    let copy = device.url("krux-update").path
    // Not by this process: a file that it has open for writing cannot be started.
    try succeed("cp", Executable.update, copy)
    try succeed("chmod", "755", device.path, copy)
    return copy
  }

  @Test(arguments: [
    ["apply", "bundle.krux"], ["rollback"], ["confirm"], ["reject"], ["reboot"],
  ])
  func onlyRootMayChangeADevice(words: [String]) throws {
    let device = try DeviceFolder()
    let refused = try run(TargetTests.nobody + [try publicCopy(in: device)] + words)
    #expect(refused.status == 77)
    #expect(
      refused.errors == """
        krux-update: only root can do this
          hint: run it with sudo, or try it with --root DIR

        """)
  }

  @Test func aFolderOfAnotherUserIsOnlyRead() throws {
    let device = try DeviceFolder()
    let program = try publicCopy(in: device)
    try device.update("confirm")
    let path = try device.bundle(Releases.newer.encoded)
    let before = try device.snapshot()
    let words = TargetTests.nobody + [program]
    #expect(try run(words + ["status", "--root", device.path]).output == device.status())
    let refused = try run(words + ["apply", path, "--root", device.path])
    #expect(refused.status == 75)
    #expect(refused.errors.contains("cannot open the lock"))
    #expect(try device.snapshot() == before)
  }
}
