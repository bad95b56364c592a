/// A place of a slot, `offset` bytes from its start, and the memory that it is read into.
public struct SlotRead {
  public let buffer: UnsafeMutableRawBufferPointer
  public let offset: UInt64

  public init(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) {
    self.buffer = buffer
    self.offset = offset
  }
}

/// The bytes of one slot: a partition, or a file that plays one. Offsets, lengths and memory are multiples
/// of `alignment`. Calls may come from several threads at once.
public protocol SlotDevice: Sendable {
  /// For people: `sda3`, `root-b.img`.
  var name: String { get }
  var byteCount: UInt64 { get }
  var alignment: Int { get }

  /// Fills `buffer` from the medium, not from a cache.
  ///
  /// - Throws: `SlotFailure.readFailed`.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws

  /// The same for several places, all at once where the device can.
  ///
  /// - Throws: `SlotFailure.readFailed` when one of them cannot be read; the others may have been.
  func read(_ reads: [SlotRead]) throws

  /// - Throws: `SlotFailure.writeFailed`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws

  /// Makes the range read as zeros, never by discarding it.
  ///
  /// - Throws: `SlotFailure.writeFailed`.
  func writeZeros(at offset: UInt64, count: UInt64) throws

  /// Returns when everything written so far is on the medium.
  ///
  /// - Throws: `SlotFailure.flushFailed`.
  func flush() throws
}

extension SlotDevice {
  public func read(_ reads: [SlotRead]) throws {
    for read in reads { try self.read(into: read.buffer, at: read.offset) }
  }
}
