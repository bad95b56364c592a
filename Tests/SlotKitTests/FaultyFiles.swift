import SlotKit
import Synchronization
import SystemPackage

/// The files of the system, with one call of them gone wrong.
protocol FaultyFiles: FileSystem {}

extension FaultyFiles {
  private var files: SystemFiles { SystemFiles() }

  func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
    try files.read(path, limit: limit)
  }
  func overwrite(_ path: FilePath, with bytes: [UInt8]) throws {
    try files.overwrite(path, with: bytes)
  }
  func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws {
    try files.create(path, with: bytes, mode: mode)
  }
  func rename(_ path: FilePath, to new: FilePath) throws { try files.rename(path, to: new) }
  func link(_ path: FilePath, as new: FilePath) throws { try files.link(path, as: new) }
  func remove(_ path: FilePath) -> Bool { files.remove(path) }
  func flush(_ path: FilePath) throws { try files.flush(path) }
  func flushDirectory(_ path: FilePath) throws { try files.flushDirectory(path) }
  func makeDirectory(_ path: FilePath) throws { try files.makeDirectory(path) }
  func reserve(_ path: FilePath, byteCount: Int) throws {
    try files.reserve(path, byteCount: byteCount)
  }
}

/// A new file holds zeros, and nobody is told.
struct ForgetfulFiles: FaultyFiles {
  func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws {
    try SystemFiles().create(path, with: [UInt8](repeating: 0, count: bytes.count), mode: mode)
  }
}

/// One name cannot be read: `failures` times, and for good without it.
final class RottenFiles: FaultyFiles {
  let name: String
  private let left: Mutex<Int>

  init(name: String, failures: Int = .max) {
    self.name = name
    left = Mutex(failures)
  }

  func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
    let fails = left.withLock { left in
      guard path.lastComponent?.string == name, left > 0 else { return false }
      left -= 1
      return true
    }
    if fails { throw Errno.ioError }
    return try SystemFiles().read(path, limit: limit)
  }
}
