import SlotCore
import Testing

private func decode(_ stored: [UInt8], _ codec: FrameCodec, count: Int) throws -> [UInt8] {
  let decoder = FrameDecoder()
  var output = [UInt8](repeating: 0xAA, count: count)
  try stored.withUnsafeBytes { input in
    try output.withUnsafeMutableBytes { try decoder.decode(input, codec: codec, into: $0) }
  }
  return output
}

@Suite struct FrameCompressionTests {
  private let sample = SampleBundle()

  private func decodingCode(_ stored: [UInt8], _ codec: FrameCodec, count: Int) -> BundleCode? {
    code { _ = try decode(stored, codec, count: count) }
  }

  @Test(arguments: [1, 3, 19]) func roundTrip(level: Int) throws {
    let encoder = FrameEncoder(level: level)
    for frame in sample.frames {
      let (record, stored) = encoder.encode(frame)
      #expect(record.storedLength == stored.count)
      #expect(record.storedDigest == Digest(of: stored))
      #expect(record.plainDigest == Digest(of: frame))
      #expect(try decode(stored, record.codec, count: frame.count) == frame)
    }
  }

  @Test func theSameInputMakesTheSameBytes() {
    let first = FrameEncoder(level: 9)
    let second = FrameEncoder(level: 9)
    _ = second.encode(sample.frames[2])
    #expect(first.encode(sample.frames[0]).stored == second.encode(sample.frames[0]).stored)
  }

  /// A sixteenth is 4 KiB here.
  @Test(arguments: [(3000, FrameCodec.stored), (6000, .zstd)])
  func isCompressedWhereThatPays(zeros: Int, codec: FrameCodec) {
    var generator = SeededGenerator(seed: 3)
    let frame = generator.bytes(65_536 - zeros) + [UInt8](repeating: 0, count: zeros)
    let (record, stored) = FrameEncoder(level: 3).encode(frame)
    #expect(record.codec == codec)
    #expect(stored.count == (codec == .stored ? frame.count : record.storedLength))
  }

  @Test func choosesTheCodec() {
    let encoder = FrameEncoder(level: 3)
    #expect(sample.frames.map { encoder.encode($0).record.codec } == [.zstd, .zero, .stored])
    #expect(encoder.encode(sample.frames[1]).stored.isEmpty)
    #expect(encoder.encode(sample.frames[2]).stored == sample.frames[2])
  }

  @Test func otherLengthsOfOutputAreRefused() {
    let stored = FrameEncoder(level: 3).encode(sample.frames[0]).stored
    for count in [0, 1, 65_535, 65_537, 131_072] {
      #expect(decodingCode(stored, .zstd, count: count) == .wrongContent)
    }
    #expect(decodingCode([1, 2, 3], .stored, count: 2) == .wrongContent)
    #expect(decodingCode([1, 2, 3], .stored, count: 4) == .wrongContent)
  }

  @Test func cutOrForeignBytesAreRefused() {
    let stored = FrameEncoder(level: 3).encode(sample.frames[0]).stored
    for count in 0..<stored.count {
      #expect(decodingCode(Array(stored[..<count]), .zstd, count: 65_536) == .wrongContent)
    }
    #expect(decodingCode(Array("not zstd".utf8), .zstd, count: 65_536) == .wrongContent)
    #expect(decodingCode(stored + [0], .zstd, count: 65_536) == .wrongContent)
  }

  @Test func corruptBytesNeverTrapAndNeverWriteBeyondTheOutput() throws {
    let stored = FrameEncoder(level: 3).encode(sample.frames[0]).stored
    let decoder = FrameDecoder()
    for bytes in damagedCopies(stored) {
      var output = [UInt8](repeating: 0xAA, count: 65_536 + 64)
      bytes.withUnsafeBytes { input in
        output.withUnsafeMutableBytes { whole in
          let part = UnsafeMutableRawBufferPointer(rebasing: whole[..<65_536])
          _ = try? decoder.decode(input, codec: .zstd, into: part)
        }
      }
      #expect(output[65_536...].allSatisfy { $0 == 0xAA })
    }
  }

  @Test func zeroFillsWhateverWasThere() throws {
    #expect(try decode([], .zero, count: 100) == [UInt8](repeating: 0, count: 100))
  }
}
