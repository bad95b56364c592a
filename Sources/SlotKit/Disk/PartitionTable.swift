internal import CBlkid
internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// A partition as the table on the disk describes it.
struct Partition: Equatable {
  let label: String
  let number: Int
  let path: FilePath
  /// Bytes.
  let byteCount: UInt64
}

/// The partitions of one disk, read by libblkid from the disk itself: no udev and no cache is asked.
struct PartitionTable {
  let disk: FilePath
  let partitions: [Partition]

  /// - Throws: `SlotFailure.openFailed`.
  init(disk: FilePath) throws {
    self.disk = disk
    guard let probe = disk.withPlatformString({ blkid_new_probe_from_filename($0) }) else {
      let error = Errno(rawValue: errno)
      throw SlotFailure(
        .openFailed, "cannot read the partition table of \(disk): \(error)",
        hint: error == .permissionDenied ? "run the command as root" : SlotFailure.diskHint,
        systemError: error.rawValue)
    }
    defer { blkid_free_probe(probe) }
    guard let list = blkid_probe_get_partitions(probe) else {
      partitions = []
      return
    }
    partitions = (0..<blkid_partlist_numof_partitions(list)).compactMap { index in
      guard let entry = blkid_partlist_get_partition(list, index),
        let name = blkid_partition_get_name(entry)
      else { return nil }
      // A table may say anything: what cannot be a number of bytes is no partition.
      let blocks = UInt64(max(0, blkid_partition_get_size(entry)))
      let (byteCount, isNone) = blocks.multipliedReportingOverflow(by: 512)
      guard !isNone else { return nil }
      let number = Int(blkid_partition_get_partno(entry))
      return Partition(
        label: String(cString: name), number: number,
        path: PartitionTable.node(disk: disk, number: number),
        byteCount: byteCount)
    }
  }

  /// The kernel's name for a partition: `sda3`, but `nvme0n1p3` and `loop0p3`.
  static func node(disk: FilePath, number: Int) -> FilePath {
    let separator = disk.string.last?.isNumber == true ? "p" : ""
    return disk.appendingSuffix("\(separator)\(number)")
  }

  /// The one partition with `label`.
  ///
  /// - Throws: `SlotFailure.notFound`, `.duplicate`.
  func partition(labelled label: String) throws(SlotFailure) -> Partition {
    let matches = partitions.filter { $0.label == label }
    guard let match = matches.first else {
      throw SlotFailure(
        .notFound,
        "there is no partition labelled '\(label)' on \(disk), the disk of the running root",
        hint: "label the root partitions, or set the [slots] keys of update.toml")
    }
    guard matches.count == 1 else {
      let numbers = matches.map { "\($0.number)" }.joined(separator: " and ")
      throw SlotFailure(
        .duplicate, "partitions \(numbers) of \(disk) are both labelled '\(label)'",
        hint: "give one of them another label, as with 'sgdisk -c NUMBER:NAME'")
    }
    return match
  }
}
