internal import SlotCore
internal import SystemPackage

@testable internal import SlotKit

let partitions = FuzzTarget(name: "partitions", maximumLength: 2048, body: fuzzPartitions)

/// The start of a disk. With an odd last byte it is a GPT, from its header on, and its checksums are made right.
@Sendable private func fuzzPartitions(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let isGPT = input.steer() & 1 == 1
  var disk = isGPT ? SampleDisk.gpt(input.rest) : input.rest
  disk += [UInt8](repeating: 0, count: max(0, SampleDisk.byteCount - disk.count))
  let table = try PartitionTable(disk: Scratch.file("disk", disk))
  for partition in table.partitions {
    require(partition.label.utf8.count <= 512, "a label is bounded")
    require(partition.path.string.hasSuffix("disk\(partition.number)"), "a partition has its node")
  }
  // Labels that are looked for come from the configuration.
  if let label = table.partitions.first?.label, label == label.printable {
    require(
      try table.partition(labelled: label).label == label, "a partition is found by its label")
  }
}

private enum SampleDisk {
  static let byteCount = 64 << 10
  private static let block = 512
  private static let headerBytes: UInt32 = 92

  /// A protective MBR, `header`, and the entries that follow it in the input, four of them.
  static func gpt(_ header: [UInt8]) -> [UInt8] {
    var mbr = [UInt8](repeating: 0, count: block)
    mbr[446 + 4] = 0xEE
    mbr.replaceSubrange(446 + 8..<446 + 16, with: [1, 0, 0, 0, 127, 0, 0, 0])
    mbr.replaceSubrange(510..<512, with: [0x55, 0xAA])
    var sector = Array(header.prefix(Int(headerBytes)))
    sector += [UInt8](repeating: 0, count: block - sector.count)
    var entries = Array(header.dropFirst(Int(headerBytes)).prefix(4 * 128))
    entries += [UInt8](repeating: 0, count: 4 * 128 - entries.count)
    func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
      let bytes = LittleEndian.encode(value)
      sector.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    set(UInt64(0x5452_4150_2049_4645), at: 0)
    set(headerBytes, at: 12)
    set(UInt64(1), at: 24)
    set(UInt64(2), at: 72)
    set(UInt32(4), at: 80)
    set(UInt32(128), at: 84)
    set(checksum(entries), at: 88)
    set(UInt32(0), at: 16)
    set(checksum(Array(sector.prefix(Int(headerBytes)))), at: 16)
    return mbr + sector + entries
  }

  /// CRC-32 of IEEE 802.3.
  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum = ~UInt32(0)
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = sum & 1 == 1
        sum >>= 1
        if isOdd { sum ^= 0xEDB8_8320 }
      }
    }
    return ~sum
  }
}
