import SlotCore
import SlotKit
import SlotKitTesting
import Synchronization
import SystemPackage

/// The files of the boot environment and of the ledger, with a defence taken out.
struct WeakFiles: FileSystem {
  let base: PowerCutFiles
  let disk: PowerCutDisk
  let weakness: Weakness?

  func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
    try base.read(path, limit: limit)
  }

  func overwrite(_ path: FilePath, with bytes: [UInt8]) throws {
    guard weakness == .noEnvironmentFlush, let file = base.volume(of: "grubenv") else {
      return try base.overwrite(path, with: bytes)
    }
    disk.write(bytes, to: file, atBlock: 1)
  }

  func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws {
    let name = path.lastComponent?.string ?? ""
    if weakness == .ledgerInPlace, name.hasPrefix("ledger"),
      let file = base.volume(of: "ledger.json")
    {
      disk.write(bytes, to: file, atBlock: 1)
      disk.write(
        [UInt8](withUnsafeBytes(of: bytes.count.littleEndian, Array.init)), to: file, atBlock: 0)
      disk.flush(file)
    } else {
      try base.create(
        path, with: bytes, mode: mode,
        flushed: !(weakness == .noLedgerFlush && name.hasPrefix("ledger")))
    }
  }

  func rename(_ path: FilePath, to new: FilePath) throws {
    let name = path.lastComponent?.string ?? ""
    if weakness == .ledgerInPlace, name.hasPrefix("ledger"), base.volume(of: name) == nil { return }
    try base.rename(path, to: new)
  }

  func link(_ path: FilePath, as new: FilePath) throws { try base.link(path, as: new) }
  func remove(_ path: FilePath) -> Bool { base.remove(path) }

  func flush(_ path: FilePath) throws {
    let name = path.lastComponent?.string ?? ""
    if weakness != .noLedgerFlush || !name.hasPrefix("ledger") { try base.flush(path) }
  }

  func flushDirectory(_ path: FilePath) throws {
    if weakness != .noDirectoryFlush { try base.flushDirectory(path) }
  }

  func makeDirectory(_ path: FilePath) throws {}

  func reserve(_ path: FilePath, byteCount: Int) throws {
    try base.reserve(path, byteCount: byteCount)
  }
}

/// A slot with a defence taken out, or on a disk that loses or alters one write and says nothing.
final class WeakSlot: SlotDevice {
  /// What one write, by its number, comes to.
  struct Fault: Sendable {
    let write: Int
    let isDropped: Bool
  }

  private struct State {
    var writes = 0
    var flushes = 0
    var lies: [(offset: UInt64, bytes: [UInt8])] = []
  }

  private let base: PowerCutSlot
  private let weakness: Weakness?
  private let head: [UInt8]
  private let fault: Fault?
  private let state = Mutex(State())

  /// - Parameter head: the first bytes of the image that is being installed.
  init(_ base: PowerCutSlot, _ weakness: Weakness?, head: [UInt8], fault: Fault?) {
    self.base = base
    self.weakness = weakness
    self.head = head
    self.fault = fault
  }

  var name: String { base.name }
  var byteCount: UInt64 { base.byteCount }
  var alignment: Int { base.alignment }
  var writeCount: Int { state.withLock { $0.writes } }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws {
    base.read(into: buffer, at: offset)
    guard weakness == .noReadBack else { return }
    // As if nobody had looked: what was to be written is seen.
    for lie in state.withLock({ $0.lies }) {
      let start = Int(lie.offset) - Int(offset)
      for (index, byte) in lie.bytes.enumerated() where buffer.indices.contains(start + index) {
        buffer[start + index] = byte
      }
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws {
    let number = state.withLock { state in
      state.writes += 1
      return state.writes - 1
    }
    guard let fault, fault.write == number else { return base.write(bytes, at: offset) }
    state.withLock { $0.lies.append((offset, Array(bytes))) }
    guard !fault.isDropped else { return }
    var altered = Array(bytes)
    altered[altered.count / 2] ^= 1
    altered.withUnsafeBytes { base.write($0, at: offset) }
  }

  func writeZeros(at offset: UInt64, count: UInt64) throws {
    let clearsHead = offset == 0 && Int(count) == head.count
    if clearsHead, weakness == .noClearedHead { return }
    if clearsHead, weakness == .headFirst {
      return head.withUnsafeBytes { base.write($0, at: 0) }
    }
    let number = state.withLock { state in
      state.writes += 1
      return state.writes - 1
    }
    if let fault, fault.write == number, fault.isDropped {
      state.withLock { $0.lies.append((offset, [UInt8](repeating: 0, count: Int(count)))) }
    } else {
      base.writeZeros(at: offset, count: count)
    }
  }

  func flush() throws {
    let number = state.withLock { state in
      state.flushes += 1
      return state.flushes
    }
    let skipped: [Weakness: Int] = [.noHeadFlush: 1, .noBodyFlush: 2, .noSlotFlush: 3]
    if let weakness, skipped[weakness] == number { return }
    base.flush()
  }
}
