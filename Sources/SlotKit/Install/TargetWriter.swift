internal import SlotCore

/// Writes to the target slot what it has not. The head is held back; it is zero in the target by now.
final class TargetWriter: Sendable {
  private let device: any SlotDevice
  private let head: SlotHead
  private let relation = SharedRelation()

  init(_ device: any SlotDevice, head: SlotHead) {
    self.device = device
    self.head = head
  }

  /// Bytes written.
  var written: UInt64 { relation.written }

  /// What the target has at `range`; nil when nothing in it is like the image, or it cannot be read: it may become
  /// readable when it is written.
  func read(_ range: Range<UInt64>, into buffer: AlignedBuffer) -> UnsafeRawBufferPointer? {
    guard relation.isWorthReading(at: range.lowerBound) else { return nil }
    let bytes = buffer.prefix(Int(range.upperBound - range.lowerBound))
    do { try device.read(into: bytes, at: range.lowerBound) } catch { return nil }
    return UnsafeRawBufferPointer(bytes)
  }

  /// For a whole frame that the target has already, at `offset`, where `plain` begins if that is 0.
  func keep(_ plain: UnsafeRawBufferPointer, at offset: UInt64) {
    if offset == 0 { head.take(from: plain) }
    relation.find()
  }

  /// Reads what is there in pieces that fit into `buffer`, as long as it is worth it, and writes the rest.
  ///
  /// - Throws: `SlotFailure.writeFailed`.
  func write(
    _ plain: UnsafeRawBufferPointer, at offset: UInt64, comparingIn buffer: AlignedBuffer
  ) throws {
    var done = 0
    while done < plain.count {
      let start = offset + UInt64(done)
      let count = min(buffer.bytes.count, plain.count - done)
      let there = read(start..<start + UInt64(count), into: buffer)
      let end = there == nil ? plain.count : done + count
      try write(UnsafeRawBufferPointer(rebasing: plain[done..<end]), at: start, over: there)
      done = end
    }
  }

  /// `there` is what `read` gave of the same place.
  ///
  /// - Throws: `SlotFailure.writeFailed`.
  func write(
    _ plain: UnsafeRawBufferPointer, at offset: UInt64, over there: UnsafeRawBufferPointer?
  ) throws {
    if offset == 0 { head.take(from: plain) }
    for range in BlockDifferences(plain, there, from: offset == 0 ? head.count : 0) {
      try device.write(
        UnsafeRawBufferPointer(rebasing: plain[range]), at: offset + UInt64(range.lowerBound))
      relation.add(written: UInt64(range.count))
    }
    if let there { relation.learn(from: plain, there) }
  }

  /// Zeros, however many. Those that are there already are left only in a target that holds something like the image:
  /// what nobody has written may read as zeros today and as something else tomorrow.
  ///
  /// - Throws: `SlotFailure.writeFailed`.
  func writeZeros(_ range: Range<UInt64>, comparingIn buffer: AlignedBuffer) throws {
    var start = range.lowerBound
    if start == 0 {
      let zeros = AlignedBuffer(byteCount: head.count)
      zeros.bytes.initializeMemory(as: UInt8.self, repeating: 0)
      head.take(from: UnsafeRawBufferPointer(zeros.bytes))
      start = UInt64(head.count)
    }
    while start < range.upperBound {
      let end = min(range.upperBound, start + UInt64(buffer.bytes.count))
      guard relation.isFound, let there = read(start..<end, into: buffer) else {
        return try writeZeros(start..<range.upperBound)
      }
      if !there.isAllZero { try writeZeros(start..<end) }
      start = end
    }
  }

  private func writeZeros(_ range: Range<UInt64>) throws {
    try device.writeZeros(at: range.lowerBound, count: range.upperBound - range.lowerBound)
    relation.add(written: range.upperBound - range.lowerBound)
  }
}

/// What the threads that write have learnt of the target together.
///
/// `@unchecked Sendable`: the variables are only touched inside `monitor`.
private final class SharedRelation: @unchecked Sendable {
  private let monitor = Monitor()
  private var count: UInt64 = 0
  private var relation = TargetRelation()

  var written: UInt64 { monitor.locked { count } }
  var isFound: Bool { monitor.locked { relation.isFound } }

  func add(written: UInt64) { monitor.locked { count += written } }

  func find() { monitor.locked { relation.find() } }

  func isWorthReading(at offset: UInt64) -> Bool {
    monitor.locked { relation.isWorthReading(at: offset) }
  }

  func learn(from plain: UnsafeRawBufferPointer, _ there: UnsafeRawBufferPointer) {
    if isFound { return }
    let block = BundleLimits.blockBytes
    let alike = stride(from: 0, to: plain.count, by: block).count { start in
      let range = start..<min(start + block, plain.count)
      let content = UnsafeRawBufferPointer(rebasing: plain[range])
      return content.isEqual(to: UnsafeRawBufferPointer(rebasing: there[range]))
        && !content.isAllZero
    }
    monitor.locked { relation.learn(alike: alike, of: plain.count / block) }
  }
}

/// The ranges of whole blocks in which two buffers differ; all, when there is nothing to compare with.
struct BlockDifferences: Sequence, IteratorProtocol {
  private let new: UnsafeRawBufferPointer
  private let old: UnsafeRawBufferPointer?
  private var position: Int

  init(_ new: UnsafeRawBufferPointer, _ old: UnsafeRawBufferPointer?, from start: Int) {
    self.new = new
    self.old = old
    position = start
  }

  mutating func next() -> Range<Int>? {
    let block = BundleLimits.blockBytes
    while position < new.count, !differs(at: position) { position += block }
    let start = position
    while position < new.count, differs(at: position) { position += block }
    let end = Swift.min(position, new.count)
    return start < end ? start..<end : nil
  }

  private func differs(at offset: Int) -> Bool {
    guard let old else { return true }
    let range = offset..<Swift.min(offset + BundleLimits.blockBytes, new.count)
    return !UnsafeRawBufferPointer(rebasing: new[range]).isEqual(
      to: UnsafeRawBufferPointer(rebasing: old[range]))
  }
}
