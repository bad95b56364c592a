import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// What a pass over the booted slot does where the disk cannot be read.
@Suite struct BlockScanTests {
  private static let span = FrameSpans.targetBytes
  private static let blocks = span / BundleLimits.blockBytes

  private static func device(spans: Int) -> MemoryDevice {
    MemoryDevice(name: "booted", bytes: [UInt8](repeating: 7, count: spans * span))
  }

  private func scan(_ device: MemoryDevice) throws -> (hashes: [BlockHash], unreadable: Int) {
    try BlockScan.hashes(
      of: device, length: device.byteCount, Cancellation(), progress: { _ in })
  }

  @Test func whatCannotBeReadIsUnknown() throws {
    let device = BlockScanTests.device(spans: 4)
    device.addFault(.readError(at: UInt64(BlockScanTests.span) * 2 + 5))
    let (hashes, unreadable) = try scan(device)
    #expect(unreadable == 1)
    let isUnknown = hashes.map { $0 == .ofZeros }
    let expected = (0..<4 * BlockScanTests.blocks).map { $0 / BlockScanTests.blocks == 2 }
    #expect(isUnknown == expected)
  }

  /// Each place may take a dying disk half a minute. The threads that are at it when the last one fails each have one more.
  @Test func aDiskThatCannotBeReadIsGivenUp() throws {
    let device = BlockScanTests.device(spans: 64)
    for span in 0..<64 {
      device.addFault(.readError(at: UInt64(span * BlockScanTests.span)))
    }
    let (hashes, unreadable) = try scan(device)
    #expect((8..<16).contains(unreadable))
    #expect(hashes.allSatisfy { $0 == .ofZeros })
  }
}
