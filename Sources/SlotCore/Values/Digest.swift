internal import CSodium

/// A BLAKE2b-256 digest (RFC 7693, 32 bytes, no key), as `b2sum -l 256` prints it.
public struct Digest: Hashable, Sendable {
  public static let byteCount = 32

  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Takes exactly 32 bytes; nil for any other count.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Digest.byteCount else { return nil }
    var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &buffer) { $0.copyBytes(from: bytes) }
    words = buffer
  }

  /// The digest of `bytes`: `crypto_generichash(3)` with 32 bytes of output.
  public init(of bytes: UnsafeRawBufferPointer) {
    var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &buffer) { out in
      guard let output = out.bindMemory(to: UInt8.self).baseAddress else { return }
      // Fails only for output lengths outside 16...64.
      _ = crypto_generichash(
        output, Digest.byteCount,
        bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count), nil, 0)
    }
    words = buffer
  }

  public init(of bytes: [UInt8]) {
    self = bytes.withUnsafeBytes { Digest(of: $0) }
  }

  /// Lower- or upper-case hexadecimal, 64 digits; nil otherwise.
  public init?(hex: String) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes: bytes)
  }

  public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  public var hex: String { Hex.encode(bytes) }

  /// The first twelve digits, for a person's eyes only.
  public var short: String { String(hex.prefix(12)) }

  public static func == (left: Digest, right: Digest) -> Bool {
    left.words.0 == right.words.0 && left.words.1 == right.words.1
      && left.words.2 == right.words.2 && left.words.3 == right.words.3
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// A BLAKE2b digest made piece by piece: `crypto_generichash_init/update/final(3)`.
///
/// libsodium's state is opaque to Swift and wants 64-byte alignment, hence the raw memory.
public struct DigestStream: ~Copyable {
  private let state: UnsafeMutableRawPointer
  private let outputCount: Int

  public init(outputCount: Int = Digest.byteCount) {
    self.outputCount = outputCount
    state = .allocate(byteCount: crypto_generichash_statebytes(), alignment: 64)
    _ = crypto_generichash_init(OpaquePointer(state), nil, 0, outputCount)
  }

  deinit { state.deallocate() }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    _ = crypto_generichash_update(
      OpaquePointer(state), bytes.bindMemory(to: UInt8.self).baseAddress, UInt64(bytes.count))
  }

  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest's bytes. Call once, after the last `update`.
  public consuming func finish() -> [UInt8] {
    var output = [UInt8](repeating: 0, count: outputCount)
    _ = crypto_generichash_final(OpaquePointer(state), &output, outputCount)
    return output
  }
}
