internal import SlotCore
public import SlotKit
internal import Synchronization

/// A slot in memory that can be told to fail, as disks do and real ones cannot be made to.
///
/// Faults: an error on a read or a write that touches a byte; a write that is dropped, or that lands altered,
/// and reports success. What is asked for comes true once for each fault.
public final class MemoryDevice: SlotDevice {
  public enum Fault: Equatable, Sendable {
    case readError(at: UInt64)
    case writeError(at: UInt64)
    case droppedWrite(at: UInt64)
    /// One bit of this byte is flipped on its way to the medium.
    case corruptedWrite(at: UInt64)
    case flushError
  }

  /// What was done, in order.
  public enum Operation: Equatable, Sendable {
    case write(Range<UInt64>)
    case zero(Range<UInt64>)
    case flush
    case read(Range<UInt64>)
  }

  private struct State {
    var bytes: [UInt8]
    var faults: [Fault]
    var log: [Operation] = []
    var mostReadsAtOnce = 0
  }

  public let name: String
  public let byteCount: UInt64
  public let alignment = 4096
  private let state: Mutex<State>

  public init(name: String = "memory", bytes: [UInt8], faults: [Fault] = []) {
    self.name = name
    byteCount = UInt64(bytes.count)
    state = Mutex(State(bytes: bytes, faults: faults))
  }

  public var bytes: [UInt8] { state.withLock { $0.bytes } }
  public var log: [Operation] { state.withLock { $0.log } }

  /// How many places at most were asked for by one call.
  public var mostReadsAtOnce: Int { state.withLock { $0.mostReadsAtOnce } }

  public func addFault(_ fault: Fault) { state.withLock { $0.faults.append(fault) } }

  private static func range(_ offset: UInt64, _ count: Int) -> Range<UInt64> {
    offset..<offset + UInt64(count)
  }

  private static func failure(_ code: SlotCode) -> SlotFailure {
    SlotFailure(code, "the test's disk failed on purpose", systemError: 5)
  }

  /// Whether a fault strikes; it is used up by that.
  private static func strikes(
    _ state: inout State, _ matches: (Fault) -> Bool
  ) -> Fault? {
    state.faults.firstIndex(where: matches).map { state.faults.remove(at: $0) }
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
    let range = MemoryDevice.range(offset, buffer.count)
    let address = UInt(bitPattern: buffer.baseAddress)
    let fails = state.withLock { state in
      state.log.append(.read(range))
      if MemoryDevice.strikes(
        &state, { if case .readError(let at) = $0 { range.contains(at) } else { false } })
        != nil
      {
        return true
      }
      let target = UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(bitPattern: address), count: range.count)
      target.copyBytes(from: state.bytes[Int(range.lowerBound)..<Int(range.upperBound)])
      return false
    }
    if fails { throw MemoryDevice.failure(.readFailed) }
  }

  public func read(_ reads: [SlotRead]) -> [Int] {
    state.withLock { $0.mostReadsAtOnce = max($0.mostReadsAtOnce, reads.count) }
    return reads.indices.filter { number in
      do { try read(into: reads[number].buffer, at: reads[number].offset) } catch { return true }
      return false
    }
  }

  public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    try store(Array(bytes), at: offset, as: .write(MemoryDevice.range(offset, bytes.count)))
  }

  public func writeZeros(at offset: UInt64, count: UInt64) throws {
    try store(
      [UInt8](repeating: 0, count: Int(count)), at: offset,
      as: .zero(MemoryDevice.range(offset, Int(count))))
  }

  private func store(_ bytes: [UInt8], at offset: UInt64, as operation: Operation) throws {
    let range = MemoryDevice.range(offset, bytes.count)
    let fails = state.withLock { state in
      state.log.append(operation)
      let fault = MemoryDevice.strikes(&state) { fault in
        switch fault {
        case .writeError(let at), .droppedWrite(let at), .corruptedWrite(let at):
          range.contains(at)
        case .readError, .flushError: false
        }
      }
      if case .writeError = fault { return true }
      if case .droppedWrite = fault { return false }
      var bytes = bytes
      if case .corruptedWrite(let at) = fault { bytes[Int(at - offset)] ^= 1 }
      state.bytes.replaceSubrange(Int(range.lowerBound)..<Int(range.upperBound), with: bytes)
      return false
    }
    if fails { throw MemoryDevice.failure(.writeFailed) }
  }

  public func flush() throws {
    let fails = state.withLock { state in
      state.log.append(.flush)
      return MemoryDevice.strikes(&state) { $0 == .flushError } != nil
    }
    if fails { throw MemoryDevice.failure(.flushFailed) }
  }
}
