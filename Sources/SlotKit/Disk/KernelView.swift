internal import CLinux
internal import Glibc
internal import SystemPackage

/// What the kernel says of disks and mounts: /sys and /proc, read anew at each call.
enum KernelView {
  /// The device number of the file system at `/`.
  static func rootDevice() -> (major: UInt32, minor: UInt32)? {
    numbers(of: Files.status("/").map { UInt64($0.deviceID.rawValue) })
  }

  /// The partition label of the running root, as the kernel read it; nil when it has none, or the root is no partition.
  static var rootPartitionLabel: String? {
    guard let root = rootDevice(), let folder = sysfs(root), disk(ofPartition: folder) != nil else {
      return nil
    }
    let lines = (Files.text(folder.appending("uevent")) ?? "").split(separator: "\n")
    return lines.first { $0.hasPrefix("PARTNAME=") }.map { String($0.dropFirst("PARTNAME=".count)) }
  }

  static func numbers(of device: UInt64?) -> (major: UInt32, minor: UInt32)? {
    device.map { (klinux_major($0), klinux_minor($0)) }
  }

  /// The folder in /sys of a block device, with links resolved.
  static func sysfs(_ device: (major: UInt32, minor: UInt32)) -> FilePath? {
    Files.resolved(FilePath("/sys/dev/block/\(device.major):\(device.minor)"))
  }

  /// The disk that a partition belongs to, as a path in /dev.
  static func disk(ofPartition sysfs: FilePath) -> FilePath? {
    guard Files.exists(sysfs.appending("partition")) else { return nil }
    return sysfs.removingLastComponent().lastComponent.map { FilePath("/dev").appending($0) }
  }

  static func partitionNumber(_ sysfs: FilePath) -> Int? {
    Files.text(sysfs.appending("partition")).flatMap { Int($0) }
  }

  /// Where a block device is mounted; nil when it is not.
  static func mountPoint(of path: FilePath) -> String? {
    guard let status = Files.status(path),
      let device = numbers(of: UInt64(status.specialDeviceID.rawValue)),
      let mounts = Files.text("/proc/self/mountinfo", limit: 1 << 20)
    else { return nil }
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      if fields.count > 4, fields[2] == "\(device.major):\(device.minor)" {
        return String(fields[4])
      }
    }
    return nil
  }

  /// The `name=value` words of the kernel's command line; the last of a name counts.
  static var commandLine: [String: String] {
    let words = (Files.text("/proc/cmdline") ?? "").split(separator: " ")
    return words.reduce(into: [:]) { arguments, word in
      guard let equals = word.firstIndex(of: "=") else { return }
      arguments[String(word[..<equals])] = String(word[word.index(after: equals)...])
    }
  }

  static var bootID: String? { Files.text("/proc/sys/kernel/random/boot_id") }

  /// Every disk of the machine but `disk`, as paths in /dev.
  static func disks(except disk: FilePath) -> [FilePath] {
    Files.names(in: "/sys/block").map { FilePath("/dev").appending($0) }
      .filter { $0 != disk && (Files.status($0)?.type == .blockSpecial) }
  }
}
