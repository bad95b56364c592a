internal import Glibc
public import SlotCore
public import SystemPackage

/// A folder that plays a device, for trying things out and for tests: `root-a.img`, `root-b.img`, and the file
/// `boot`, which plays the kernel: which slot runs, and the id of this boot. A reboot is decided as the boot
/// script decides, from the folder's `grubenv`.
public struct FolderMachine: Machine {
  public let bootedSlot: SlotName
  public let bootID: String
  public let warnings: [String] = []
  private let folder: FilePath
  private let boot: any BootControlStore

  /// - Throws: `SlotFailure`.
  public init(folder: FilePath, boot: any BootControlStore) throws {
    let path = folder.appending("boot")
    let lines = (Files.text(path) ?? "").split(separator: "\n").map(String.init)
    guard lines.count == 2, let slot = SlotName(rawValue: lines[0]) else {
      throw SlotFailure(
        .bootedUnknown, "\(folder) is not a folder that plays a device: no usable \(path)",
        hint: "make one with 'krux-release provision --root DIR'")
    }
    bootedSlot = slot
    bootID = lines[1]
    self.folder = folder
    self.boot = boot
  }

  public static func path(of slot: SlotName, in folder: FilePath) -> FilePath {
    folder.appending("root-\(slot.rawValue.lowercased()).img")
  }

  public func location(of slot: SlotName) throws -> SlotLocation {
    let path = FolderMachine.path(of: slot, in: folder)
    let link = path.lastComponent?.string ?? path.string
    guard let status = Files.status(path) else {
      throw SlotFailure(
        .notFound, "slot \(slot.rawValue) is missing: there is no \(path)",
        hint: "make the folder with 'krux-release provision --root DIR'")
    }
    // A slot may be a link to a block device.
    let capacity =
      status.type == .blockSpecial
      ? try DirectDevice(
        SlotLocation(slot: slot, path: path, displayName: link, capacity: 0), access: .readOnly
      ).byteCount : UInt64(status.size)
    return SlotLocation(slot: slot, path: path, displayName: link, capacity: capacity)
  }

  public func checkTarget(_ location: SlotLocation) throws {
    guard location.slot != bootedSlot, try !isRunningImage(location) else {
      throw SlotFailure(
        .isBooted, "\(location.displayName) is the running system and is never written",
        hint: "give each slot an image of its own")
    }
    if let place = KernelView.mountPoint(of: location.path) {
      throw SlotFailure(
        .mounted, "the target slot \(location.displayName) is mounted at \(place)",
        hint: "unmount it with 'umount \(place)'")
    }
  }

  /// Two names can lead to one file, or to one device.
  private func isRunningImage(_ location: SlotLocation) throws -> Bool {
    guard let target = Files.status(location.path),
      let running = Files.status(try self.location(of: bootedSlot).path)
    else { return false }
    return target.type == .blockSpecial
      ? target.type == running.type && target.specialDeviceID == running.specialDeviceID
      : target.deviceID == running.deviceID && target.inode == running.inode
  }

  public func reboot() throws {
    let decision = BootDecision(try boot.loadAsBootloader())
    guard case .boot(let slot) = decision.outcome else {
      throw SlotFailure(.rebootFailed, "no slot is bootable: the bootloader shows its rescue entry")
    }
    // A boot script that cannot save its environment starts the slot all the same.
    try? boot.save(decision.after)
    try FolderMachine.start(slot, in: folder)
  }

  /// Plays a kernel that has come up from `slot`.
  public static func start(_ slot: SlotName, in folder: FilePath) throws {
    let run = folder.appending("run")
    for name in Files.names(in: run) where name != "lock" { _ = Files.remove(run.appending(name)) }
    let id = Files.text("/proc/sys/kernel/random/uuid") ?? "unknown"
    try Files.replace(
      folder.appending("boot"), with: Array("\(slot.rawValue)\n\(id)\n".utf8))
  }
}
