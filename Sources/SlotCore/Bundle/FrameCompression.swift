internal import CZstd

/// Decodes frames. One for each thread: `ZSTD_DCtx` keeps its tables between frames.
public struct FrameDecoder: ~Copyable {
  private let context: OpaquePointer?

  public init() { context = ZSTD_createDCtx() }

  deinit { ZSTD_freeDCtx(context) }

  /// Decodes `stored`, whose digest has matched, into the whole of `output`.
  ///
  /// `ZSTD_decompressDCtx(3)` never writes past `output`; anything but exactly that many bytes is an error.
  ///
  /// - Throws: `wrongContent`.
  public borrowing func decode(
    _ stored: UnsafeRawBufferPointer, codec: FrameCodec, into output: UnsafeMutableRawBufferPointer
  ) throws(BundleFailure) {
    switch codec {
    case .zero:
      output.initializeMemory(as: UInt8.self, repeating: 0)
    case .stored:
      guard stored.count == output.count else { throw FrameDecoder.wrong }
      output.copyMemory(from: stored)
    case .zstd:
      guard decode(chunks: stored, into: output) else { throw FrameDecoder.wrong }
    }
  }

  private borrowing func decode(
    chunks stored: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let chunkBytes = BundleLimits.chunkBytes(frameLength: output.count)
    var rest = stored
    for start in stride(from: 0, to: output.count, by: chunkBytes) {
      guard let length = StoredChunk.length(ofFirstIn: rest) else { return false }
      let chunk = output[start..<min(output.count, start + chunkBytes)]
      guard
        decode(
          UnsafeRawBufferPointer(rebasing: rest[..<length]),
          prefix: UnsafeRawBufferPointer(rebasing: output[..<start]),
          into: UnsafeMutableRawBufferPointer(rebasing: chunk))
      else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[length...])
    }
    return rest.isEmpty
  }

  /// Decodes a patch or a chunk, whose digest has matched, into the whole of `output`; false when it gives anything else.
  ///
  /// Both ways only read `prefix`, and give the same. `ZSTD_decompress_usingDict(3)` needs a fifth less time for a chunk:
  /// `ZSTD_DCtx_refPrefix(3)` allocates a dictionary, takes it for one that is in no cache, and decodes by prefetching.
  public borrowing func decode(
    _ stored: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer,
    into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    let count: Int
    if FrameDecoder.looksLikeDictionary(prefix) {
      guard
        ZSTD_isError(ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count)) == 0
      else { return false }
      count = ZSTD_decompressDCtx(
        context, output.baseAddress, output.count, stored.baseAddress, stored.count)
    } else {
      count = ZSTD_decompress_usingDict(
        context, output.baseAddress, output.count, stored.baseAddress, stored.count,
        prefix.baseAddress, prefix.count)
    }
    return ZSTD_isError(count) == 0 && count == output.count
  }

  /// An image may have a file that is one, at the start of a frame; `ZSTD_decompress_usingDict(3)` would take it apart.
  private static func looksLikeDictionary(_ prefix: UnsafeRawBufferPointer) -> Bool {
    prefix.count >= 4
      && UInt32(littleEndian: prefix.loadUnaligned(as: UInt32.self)) == ZSTD_MAGIC_DICTIONARY
  }

  /// `stored` uncompressed, when that gives exactly `length` bytes.
  static func uncompressed(_ stored: [UInt8], length: Int) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: length)
    let count = ZSTD_decompress(&output, length, stored, stored.count)
    return ZSTD_isError(count) == 0 && count == length ? output : nil
  }

  private static var wrong: BundleFailure {
    BundleFailure(
      .wrongContent, "a frame of the bundle does not decode to what its publisher signed",
      hint: "tell the bundle's publisher: the bundle was made wrongly")
  }
}

/// Encodes frames, for publishers. One for each thread.
public struct FrameEncoder: ~Copyable {
  private let context: OpaquePointer?
  private let level: Int32

  /// `level` is zstd's, 1 to 22.
  public init(level: Int) {
    context = ZSTD_createCCtx()
    self.level = Int32(clamping: level)
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Saving less than this part of a frame is not worth its decoding on each device; and of a frame that is stored as it
  /// is a device can fetch single blocks.
  private static let worthwhile = 16

  /// The record of a frame, and the bytes to store for it: none when it is zero, its own when
  /// compression does not pay.
  public borrowing func encode(_ plain: [UInt8]) -> (record: FrameRecord, stored: [UInt8]) {
    let plainDigest = Digest(of: plain)
    if plain.allSatisfy({ $0 == 0 }) {
      let nothing = Digest(of: [])
      return (
        FrameRecord(
          codec: .zero, storedLength: 0, storedDigest: nothing, plainDigest: plainDigest), []
      )
    }
    let compressed = plain.withUnsafeBytes { chunks(of: $0) } ?? plain
    let pays = compressed.count <= plain.count - plain.count / FrameEncoder.worthwhile
    let stored = pays ? compressed : plain
    return (
      FrameRecord(
        codec: pays ? .zstd : .stored, storedLength: stored.count,
        storedDigest: pays ? Digest(of: stored) : plainDigest, plainDigest: plainDigest), stored
    )
  }

  /// All chunks of a frame. Nil when zstd refuses.
  private borrowing func chunks(of plain: UnsafeRawBufferPointer) -> [UInt8]? {
    let chunkBytes = BundleLimits.chunkBytes(frameLength: plain.count)
    var stored: [UInt8] = []
    for start in stride(from: 0, to: plain.count, by: chunkBytes) {
      let chunk = plain[start..<min(plain.count, start + chunkBytes)]
      guard
        let bytes = compress(
          UnsafeRawBufferPointer(rebasing: chunk),
          behind: UnsafeRawBufferPointer(rebasing: plain[..<start]))
      else { return nil }
      stored += bytes
    }
    return stored
  }

  /// `plain` as a patch: compressed with `prefix` in front of it, which the decoder has to have. Nil when zstd refuses.
  public borrowing func encode(
    patch plain: UnsafeRawBufferPointer, prefix: UnsafeRawBufferPointer
  ) -> [UInt8]? {
    // The window has to reach over the prefix.
    let windowLog = Int32(Int.bitWidth - (prefix.count + plain.count).leadingZeroBitCount)
    return compress(plain, behind: prefix, windowLog: max(windowLog, 18))
  }

  /// Without `windowLog` it is what suits the level and the lengths: a larger one only costs time.
  private borrowing func compress(
    _ plain: UnsafeRawBufferPointer, behind prefix: UnsafeRawBufferPointer, windowLog: Int32? = nil
  ) -> [UInt8]? {
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    if let windowLog { ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog) }
    ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(plain.count))
    let count = ZSTD_compress2(
      context, &output, output.count, plain.baseAddress, plain.count)
    return ZSTD_isError(count) == 0 ? Array(output.prefix(count)) : nil
  }

  static func compressed(_ plain: [UInt8], level: Int32) -> [UInt8]? {
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(plain.count))
    let count = ZSTD_compress(&output, output.count, plain, plain.count, level)
    return ZSTD_isError(count) == 0 ? Array(output.prefix(count)) : nil
  }
}
