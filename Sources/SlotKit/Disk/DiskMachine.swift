internal import Glibc
public import SlotCore
internal import SystemPackage

/// A real device: two partitions on the disk that holds the running root.
public struct DiskMachine: Machine {
  public let bootedSlot: SlotName
  public let bootID: String
  public let warnings: [String]
  private let slots: [SlotName: SlotLocation]
  private let rebootCommand: [String]

  /// The booted slot is the partition that the kernel has mounted at `/`; the slots are the partitions with
  /// the configured labels on the same disk. The same labels on other disks are warned about.
  ///
  /// - Throws: `SlotFailure`.
  public init(_ configuration: Configuration) throws {
    guard let device = KernelView.rootDevice(), let sysfs = KernelView.sysfs(device),
      let disk = KernelView.disk(ofPartition: sysfs), let bootID = KernelView.bootID
    else {
      throw SlotFailure(
        .bootedUnknown, "the running root is not a partition of a disk, so this is no A/B system",
        hint: "run this on the appliance, or try it on a folder with --root DIR")
    }
    let table = try PartitionTable(disk: disk)
    var slots: [SlotName: SlotLocation] = [:]
    var booted: SlotName?
    for slot in SlotName.allCases {
      let label = configuration.slotLabels[slot] ?? ""
      let partition = try table.partition(labelled: label)
      slots[slot] = SlotLocation(
        slot: slot, path: partition.path,
        displayName: partition.path.lastComponent?.string ?? label, capacity: partition.byteCount)
      if partition.number == KernelView.partitionNumber(sysfs) { booted = slot }
    }
    guard let booted else {
      let labels = SlotName.allCases.compactMap { configuration.slotLabels[$0] }
      throw SlotFailure(
        .bootedUnknown,
        "the running root is neither of the partitions '\(labels.joined(separator: "' and '"))'",
        hint: "check the [slots] keys of update.toml")
    }
    self.slots = slots
    self.bootID = bootID
    bootedSlot = booted
    rebootCommand = configuration.rebootCommand
    warnings = DiskMachine.strangers(disk, Array(configuration.slotLabels.values))
  }

  private static func strangers(_ disk: FilePath, _ labels: [String]) -> [String] {
    KernelView.disks(except: disk).compactMap { other in
      guard let table = try? PartitionTable(disk: other) else { return nil }
      let found = table.partitions.map(\.label).filter(labels.contains).sorted()
      return found.isEmpty
        ? nil
        : "\(other) has partitions labelled \(found.joined(separator: ", ")); they are ignored"
    }
  }

  public func location(of slot: SlotName) throws -> SlotLocation {
    guard let location = slots[slot] else {
      throw SlotFailure(.notFound, "slot \(slot.rawValue) is missing")
    }
    return location
  }

  public func checkTarget(_ location: SlotLocation) throws {
    guard location.slot != bootedSlot else {
      throw SlotFailure(
        .isBooted, "\(location.displayName) is the running system and is never written")
    }
    if let place = KernelView.mountPoint(of: location.path) {
      throw SlotFailure(
        .mounted, "the target slot \(location.displayName) is mounted at \(place)",
        hint: "unmount it with 'umount \(place)'")
    }
  }

  public var startedAsTrial: Bool { KernelView.commandLine["krux.trial"] == "1" }

  public func traces(since: Timestamp) -> TrialTraces { .collect(since: since) }

  /// Milliseconds: a disk that hangs must not keep the reboot from beginning.
  private static let syncPatience: Int64 = 5000

  public func reboot() throws {
    _ = Threads.bounded(milliseconds: DiskMachine.syncPatience) { sync() }
    try Subprocess.run(rebootCommand)
  }
}
