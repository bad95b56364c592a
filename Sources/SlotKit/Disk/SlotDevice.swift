/// A place of a slot, `offset` bytes from its start, and the memory that it is read into.
public struct SlotRead {
  public let buffer: UnsafeMutableRawBufferPointer
  public let offset: UInt64

  /// Both whole blocks, as `SlotDevice.alignment` says.
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

  /// The same for many places, in flight together where the device can. Returns the numbers of those that cannot be read; all
  /// others were.
  func read(_ reads: [SlotRead]) -> [Int]

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
  public func read(_ reads: [SlotRead]) -> [Int] { reads.indices.filter { !isRead(reads[$0]) } }

  /// Whether it could be read.
  func isRead(_ read: SlotRead) -> Bool {
    do { try self.read(into: read.buffer, at: read.offset) } catch { return false }
    return true
  }
}
