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

  /// `ZSTD_MAGIC_DICTIONARY`: what stands before the later chunks of this frame looks like a dictionary of zstd's own.
  @Test func aFrameThatBeginsLikeADictionary() throws {
    let frame = [0x37, 0xA4, 0x30, 0xEC] + sample.frames[0][4...]
    let (record, stored) = FrameEncoder(level: 3).encode(frame)
    #expect(record.codec == .zstd)
    #expect(try decode(stored, .zstd, count: frame.count) == frame)
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

  /// Three chunks, the last one short; noise, which comes twice, so that the second needs what stands before it.
  @Test func eachChunkIsAFrameOfZstdBehindWhatStandsBeforeIt() throws {
    var generator = SeededGenerator(seed: 5)
    let noise = generator.bytes(20_480)
    let frame = Array((noise + noise + noise + noise).prefix(73_728))
    let (record, stored) = FrameEncoder(level: 3).encode(frame)
    #expect(record.codec == .zstd && stored.count < 21_000)
    let chunks = try #require(stored.withUnsafeBytes { StoredChunk.all(in: $0) })
    #expect(chunks.map(\.offset) == [0, chunks[0].length, stored.count - chunks[2].length])
    for (chunk, start) in zip(chunks, [0, 32_768, 65_536]) {
      let bytes = Array(stored[chunk.offset..<chunk.offset + chunk.length])
      #expect(bytes.withUnsafeBytes { chunk.matches($0) })
      let length = min(32_768, frame.count - start)
      let wanted = Array(frame[start..<start + length])
      #expect(decodeChunk(bytes, behind: Array(frame[..<start]), length) == wanted)
      let isAlone = decodeChunk(bytes, behind: [], length) == wanted
      #expect(isAlone == (start == 0))
    }
  }

  private func decodeChunk(_ stored: [UInt8], behind prefix: [UInt8], _ count: Int) -> [UInt8]? {
    let decoder = FrameDecoder()
    var output = [UInt8](repeating: 0xAA, count: count)
    let isDecoded = stored.withUnsafeBytes { stored in
      prefix.withUnsafeBytes { prefix in
        output.withUnsafeMutableBytes { decoder.decode(stored, prefix: prefix, into: $0) }
      }
    }
    return isDecoded ? output : nil
  }

  /// So chunks of one frame are chunks of any reader.
  @Test(arguments: [
    (4096, 32_768), (65_536, 32_768), (262_144, 32_768), (266_240, 36_864), (1 << 22, 1 << 19),
  ])
  func aChunkIsAnEighthOfItsFrame(frame: Int, chunk: Int) {
    #expect(BundleLimits.chunkBytes(frameLength: frame) == chunk)
  }

  @Test func aDamagedChunkShows() throws {
    let stored = FrameEncoder(level: 3).encode(sample.frames[0]).stored
    let chunk = try #require(stored.withUnsafeBytes { StoredChunk.all(in: $0) }?.first)
    let bytes = Array(stored[..<chunk.length])
    for damaged in damagedCopies(bytes) + [bytes + [0], Array(bytes.dropLast())] {
      #expect(!damaged.withUnsafeBytes { chunk.matches($0) })
    }
    #expect(Array("not zstd".utf8).withUnsafeBytes { StoredChunk.all(in: $0) } == nil)
  }

  @Test func chunksOfOtherLengthsAreRefused() throws {
    let text = Array(sample.frames[0].prefix(32_768))
    let stored = FrameEncoder(level: 3).encode(text).stored
    #expect(try decode(stored, .zstd, count: 32_768) == text)
    #expect(decodingCode(stored, .zstd, count: 65_536) == .wrongContent)
    #expect(decodingCode(stored + stored, .zstd, count: 32_768) == .wrongContent)
    let short = FrameEncoder(level: 3).encode(Array(text.prefix(28_672))).stored
    #expect(decodingCode(short, .zstd, count: 32_768) == .wrongContent)
  }

  @Test func zeroFillsWhateverWasThere() throws {
    #expect(try decode([], .zero, count: 100) == [UInt8](repeating: 0, count: 100))
  }
}
