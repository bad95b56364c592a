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
