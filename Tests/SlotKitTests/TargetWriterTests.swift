import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// What is read of the target before it is written, and what is not.
@Suite struct TargetWriterTests {
  private static let piece = 256 << 10

  private static func content(_ pieces: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return (0..<pieces * piece / 8).flatMap { _ in
      withUnsafeBytes(of: random.next()) { Array($0) }
    }
  }

  /// Writes `image` over `old` as a full install does, and returns the pieces that were read before.
  private func read(_ image: [UInt8], over old: [UInt8]) throws -> [Int] {
    let device = MemoryDevice(name: "target", bytes: old)
    let head = SlotHead(imageLength: UInt64(image.count))
    let writer = TargetWriter(device, head: head)
    let buffer = AlignedBuffer(byteCount: TargetWriterTests.piece)
    try image.withUnsafeBytes { bytes in
      for start in stride(from: 0, to: image.count, by: 1 << 20) {
        let span = UnsafeRawBufferPointer(
          rebasing: bytes[start..<min(image.count, start + 1 << 20)])
        try writer.write(span, at: UInt64(start), comparingIn: buffer)
      }
    }
    #expect(device.bytes.dropFirst(head.count) == image[head.count...])
    #expect(head.bytes?.elementsEqual(image[..<head.count]) == true)
    return device.log.compactMap { operation in
      if case .read(let range) = operation {
        Int(range.lowerBound) / TargetWriterTests.piece
      } else {
        nil
      }
    }
  }

  /// Of 24 MiB: eight at the start, and one at 16.
  @Test func anUnrelatedTargetIsReadInPlaces() throws {
    let image = TargetWriterTests.content(96, seed: 1)
    let pieces = try read(image, over: TargetWriterTests.content(96, seed: 2))
    #expect(pieces == Array(0..<32) + Array(64..<68))
  }

  /// A new disk is all zeros, and an image has zeros too.
  @Test func zerosAreNoRelation() throws {
    var image = TargetWriterTests.content(48, seed: 1)
    for start in stride(from: 8192, to: image.count, by: 32_768) {
      image.replaceSubrange(start..<start + 4096, with: repeatElement(0, count: 4096))
    }
    #expect(try read(image, over: [UInt8](repeating: 0, count: image.count)) == Array(0..<32))
  }

  @Test func aRelationFurtherOnIsFound() throws {
    let image = TargetWriterTests.content(96, seed: 1)
    let old = TargetWriterTests.content(64, seed: 2) + image[(64 * TargetWriterTests.piece)...]
    #expect(try read(image, over: old) == Array(0..<32) + Array(64..<96))
  }

  /// Any two file systems have some block alike.
  @Test func aBlockNowAndThenIsNoRelation() throws {
    let image = TargetWriterTests.content(48, seed: 1)
    var old = TargetWriterTests.content(48, seed: 2)
    for start in stride(from: 8192, to: image.count, by: TargetWriterTests.piece) {
      old.replaceSubrange(start..<start + 4096, with: image[start..<start + 4096])
    }
    #expect(try read(image, over: old) == Array(0..<32))
  }

  /// What was never written may read as zeros for now; what an older release wrote stays.
  @Test(arguments: [false, true]) func zerosAreLeftWhereSomethingIsLikeTheImage(isKnown: Bool)
    throws
  {
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    let device = MemoryDevice(name: "target", bytes: zeros)
    let writer = TargetWriter(device, head: SlotHead(imageLength: 1 << 20))
    if isKnown { zeros.withUnsafeBytes { writer.keep($0, at: 4096) } }
    try writer.writeZeros(
      262_144..<1_048_576, comparingIn: AlignedBuffer(byteCount: TargetWriterTests.piece))
    #expect(writer.written == (isKnown ? 0 : 786_432))
    let writes = device.log.count { if case .read = $0 { false } else { true } }
    #expect(writes == (isKnown ? 0 : 1))
  }

  @Test func aHeadThatIsThereIsKnown() throws {
    let image = TargetWriterTests.content(1, seed: 1)
    let head = SlotHead(imageLength: UInt64(image.count))
    let writer = TargetWriter(MemoryDevice(name: "target", bytes: image), head: head)
    image.withUnsafeBytes { writer.keep($0, at: 4096) }
    #expect(head.bytes == nil)
    image.withUnsafeBytes { writer.keep($0, at: 0) }
    #expect(head.bytes?.elementsEqual(image[..<head.count]) == true)
    #expect(writer.written == 0)
  }
}
