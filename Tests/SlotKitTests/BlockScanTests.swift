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

  /// Little is read for the question whether a whole pass would pay.
  @Test func samplesAreOfAFewPlaces() throws {
    let device = BlockScanTests.device(spans: 128)
    let (hashes, _) = try BlockScan.samples(of: device, length: device.byteCount, Cancellation())
    let step = 2 * BlockScanTests.blocks
    let known = hashes.indices.filter { hashes[$0] != .ofZeros }
    #expect(known == (0..<64).flatMap { place in (0..<16).map { place * step + $0 } })
    let small = BlockScanTests.device(spans: 1)
    let all = try BlockScan.samples(of: small, length: small.byteCount, Cancellation())
    #expect(all.hashes.allSatisfy { $0 != .ofZeros })
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
