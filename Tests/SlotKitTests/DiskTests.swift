import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage
import Testing

@testable import SlotKit

/// Real partition tables and real loop devices.
@Suite(.serialized) struct DiskTests {
  private static func disk(_ folder: TemporaryFolder, labels: [String]) throws -> FilePath {
    let path = folder.url.appending(path: "disk.img").path
    try runProgram("truncate", "-s", "64M", path)
    var words = ["sgdisk"]
    for (index, label) in labels.enumerated() {
      words += ["-n", "\(index + 1):0:+8M", "-c", "\(index + 1):\(label)"]
    }
    try runProgram(words + [path])
    return FilePath(path)
  }

  @Test func partitionsAreFoundByLabel() throws {
    let folder = try TemporaryFolder()
    let table = try PartitionTable(
      disk: try DiskTests.disk(folder, labels: ["esp", "root-a", "root-b"]))
    let partition = try table.partition(labelled: "root-b")
    #expect(partition.number == 3)
    #expect(partition.byteCount == 8 << 20)
  }

  @Test func aMissingLabelIsToldByName() throws {
    let folder = try TemporaryFolder()
    let table = try PartitionTable(disk: try DiskTests.disk(folder, labels: ["root-a"]))
    let failure = #expect(throws: SlotFailure.self) { try table.partition(labelled: "root-b") }
    #expect(failure?.code == .notFound)
    #expect(failure?.message.contains("'root-b'") == true)
  }

  @Test func twoPartitionsOfOneLabelAreRefused() throws {
    let folder = try TemporaryFolder()
    let table = try PartitionTable(
      disk: try DiskTests.disk(folder, labels: ["root-a", "root-b", "root-b"]))
    let failure = #expect(throws: SlotFailure.self) { try table.partition(labelled: "root-b") }
    #expect(failure?.code == .duplicate)
    #expect(failure?.message.contains("2 and 3") == true)
  }

  @Test(arguments: [
    ("/dev/sda", 3, "/dev/sda3"), ("/dev/nvme0n1", 2, "/dev/nvme0n1p2"),
    ("/dev/mmcblk0", 1, "/dev/mmcblk0p1"), ("/dev/loop7", 4, "/dev/loop7p4"),
  ])
  func partitionNodesAreNamedAsTheKernelNamesThem(disk: String, number: Int, node: String) {
    #expect(PartitionTable.node(disk: FilePath(disk), number: number) == FilePath(node))
  }

  @Test func aMountedOrHeldTargetIsRefused() throws {
    let folder = try TemporaryFolder()
    let image = folder.url.appending(path: "slot.img").path
    try runProgram("truncate", "-s", "16M", image)
    try runProgram("mke2fs", "-q", "-t", "ext4", image)
    let loop = try runProgram("losetup", "--show", "-f", image).trimmingCharacters(in: .newlines)
    defer { _ = try? runProgram("losetup", "-d", loop) }
    let place = folder.url.appending(path: "mnt").path
    try runProgram("mkdir", place)
    try runProgram("mount", "-o", "ro", loop, place)
    let location = SlotLocation(
      slot: .b, path: FilePath(loop), displayName: "loop", capacity: 16 << 20)
    let mounted = #expect(throws: SlotFailure.self) {
      _ = try DirectDevice(location, access: .exclusive)
    }
    #expect(mounted?.code == .busy)
    #expect(KernelView.mountPoint(of: FilePath(loop)) == place)
    try runProgram("umount", place)
    let first = try DirectDevice(location, access: .exclusive)
    #expect(first.byteCount == 16 << 20)
    #expect(throws: SlotFailure.self) { _ = try DirectDevice(location, access: .exclusive) }
    withExtendedLifetime(first) {}
  }

  /// Bytes, zeros and the medium itself, not a cache: what was written through the device stands in the file.
  @Test func writesReachTheMedium() throws {
    let folder = try TemporaryFolder()
    let image = folder.url.appending(path: "slot.img").path
    try Data(repeating: 0x77, count: 1 << 20).write(to: URL(filePath: image))
    let loop = try runProgram("losetup", "--direct-io=on", "--show", "-f", image)
      .trimmingCharacters(in: .newlines)
    defer { _ = try? runProgram("losetup", "-d", loop) }
    let location = SlotLocation(
      slot: .b, path: FilePath(loop), displayName: "loop", capacity: 1 << 20)
    let device = try DirectDevice(location, access: .exclusive)
    let buffer = AlignedBuffer(byteCount: 8192)
    buffer.bytes.initializeMemory(as: UInt8.self, repeating: 0x11)
    try device.write(UnsafeRawBufferPointer(buffer.bytes), at: 4096)
    try device.writeZeros(at: 65536, count: 131072)
    try device.flush()
    let content = try Data(contentsOf: URL(filePath: image))
    #expect(content[4096..<12288].allSatisfy { $0 == 0x11 })
    #expect(content[65536..<196608].allSatisfy { $0 == 0 })
    #expect(content[..<4096].allSatisfy { $0 == 0x77 })
    #expect(content[196608...].allSatisfy { $0 == 0x77 })
    try device.read(into: buffer.bytes, at: 65536)
    #expect(UnsafeRawBufferPointer(buffer.bytes).isAllZero)
  }

  /// More places than one call to the kernel takes, each of another length, in any order, by several threads.
  @Test func manyPlacesAreReadAtOnce() throws {
    let folder = try TemporaryFolder()
    let image = folder.url.appending(path: "slot.img").path
    var random = SeededRandom(seed: 1)
    let content = (0..<8 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    try Data(content).write(to: URL(filePath: image))
    let loop = try runProgram("losetup", "--direct-io=on", "-r", "--show", "-f", image)
      .trimmingCharacters(in: .newlines)
    defer { _ = try? runProgram("losetup", "-d", loop) }
    let location = SlotLocation(
      slot: .a, path: FilePath(loop), displayName: "loop", capacity: 8 << 20)
    let device = try DirectDevice(location, access: .readOnly)
    let file = try FileDescriptor.open(FilePath(loop), .readOnly)
    defer { try? file.close() }
    let blocks = 2 * ReadsInFlight.most + 3
    try Threads.concurrently(4, failed: nil) { worker in
      var random = SeededRandom(seed: UInt64(worker))
      for _ in 0..<10 {
        let buffer = AlignedBuffer(byteCount: blocks * 3 * 4096)
        var done = 0
        let reads = (0..<blocks).map { _ in
          let count = (1 + Int(random.next() % 3)) * 4096
          defer { done += count }
          return SlotRead(into: buffer.slice(done, count), at: random.next() % 2045 * 4096)
        }
        #expect(device.read(reads) == [])
        for read in reads {
          let wanted = content[Int(read.offset)..<Int(read.offset) + read.buffer.count]
          #expect(read.buffer.elementsEqual(wanted))
        }
        // Not one by one behind it.
        #expect(ReadsInFlight().perform(reads, of: file) == [])
      }
    }
  }

  /// Whichever it is: a place that cannot be read is told, and the others are there.
  @Test(arguments: [0, 1, 2]) func aPlaceThatCannotBeReadIsTold(number: Int) throws {
    let folder = try TemporaryFolder()
    let image = folder.url.appending(path: "slot.img").path
    try Data(repeating: 0x44, count: 1 << 20).write(to: URL(filePath: image))
    let location = SlotLocation(
      slot: .a, path: FilePath(image), displayName: "slot.img", capacity: 1 << 20)
    let device = try DirectDevice(location, access: .readOnly)
    let buffer = AlignedBuffer(byteCount: 3 * 8192)
    var places: [UInt64] = [0, 65536, 131072]
    // Its second half is behind the end.
    places[number] = 1 << 20 - 4096
    let reads = places.enumerated().map { SlotRead(into: buffer.slice($0 * 8192, 8192), at: $1) }
    #expect(device.read(reads) == [number])
    for read in reads where read.offset != places[number] {
      #expect(read.buffer.allSatisfy { $0 == 0x44 })
    }
  }

  /// A kernel that takes none of them: nothing was read, and that is said.
  @Test func whatTheKernelDoesNotTakeIsLeft() throws {
    let buffer = AlignedBuffer(byteCount: 8192)
    let reads = [
      SlotRead(into: buffer.slice(0, 4096), at: 0),
      SlotRead(into: buffer.slice(4096, 4096), at: 8192),
    ]
    let closed = FileDescriptor(rawValue: -1)
    #expect(ReadsInFlight().perform(reads, of: closed) == [0, 1])
    // One that it refuses ends what it takes; what it had taken by then comes.
    let folder = try TemporaryFolder()
    let path = FilePath(folder.url.appending(path: "slot.img").path)
    try Data(repeating: 0x44, count: 1 << 20).write(to: URL(filePath: path.string))
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    let places: [UInt64] = [4096, 1 << 63, 8192]
    let three = AlignedBuffer(byteCount: 3 * 4096)
    let some = places.enumerated().map { SlotRead(into: three.slice($0 * 4096, 4096), at: $1) }
    #expect(ReadsInFlight().perform(some, of: file) == [1, 2])
    #expect(three.prefix(4096).allSatisfy { $0 == 0x44 })
  }

  @Test func aMissingTargetIsToldByPath() throws {
    let location = SlotLocation(
      slot: .b, path: "/nonexistent", displayName: "none", capacity: 0)
    let failure = #expect(throws: SlotFailure.self) {
      _ = try DirectDevice(location, access: .exclusive)
    }
    #expect(failure?.code == .notFound)
  }
}

@Suite struct IdentityTests {
  @Test func osReleaseIsReadAsItsManualSays() {
    let fields = DeviceIdentity.osRelease(
      "# comment\nIMAGE_ID=kruxos\nIMAGE_VERSION=\"1.0.0\"\nNAME='x y'\nbroken\nKRUX_SEQUENCE=12\n")
    #expect(
      fields == [
        "IMAGE_ID": "kruxos", "IMAGE_VERSION": "1.0.0", "NAME": "x y", "KRUX_SEQUENCE": "12",
      ])
  }
}

@Suite struct ZeroTests {
  @Test(arguments: [0, 1, 7, 8, 9, 511, 512, 513, 4096])
  func everySingleByteCounts(count: Int) {
    var bytes = [UInt8](repeating: 0, count: count)
    #expect(bytes.withUnsafeBytes { $0.isAllZero })
    for index in 0..<count {
      bytes[index] = 1
      #expect(!bytes.withUnsafeBytes { $0.isAllZero })
      bytes[index] = 0
    }
  }
}
