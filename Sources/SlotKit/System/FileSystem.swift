internal import Glibc
public import SystemPackage

/// What ledger and boot environment do with files, each call one point at which the power may go. All functions
/// throw `Errno`.
///
/// A protocol, so that every order in which a disk may keep what they wrote can be tried.
public protocol FileSystem: Sendable {
  /// The whole file; nil when there is none. A file longer than `limit` bytes is `EFBIG`.
  func read(_ path: FilePath, limit: Int) throws -> [UInt8]?

  /// One write over the first bytes of a file that is there, flushed.
  func overwrite(_ path: FilePath, with bytes: [UInt8]) throws

  /// A file of these bytes, flushed; its name is not. An older file of the name is truncated first, and what is
  /// written by half is removed.
  func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws

  /// `rename(2)`, not flushed.
  func rename(_ path: FilePath, to new: FilePath) throws

  /// `link(2)`, not flushed.
  func link(_ path: FilePath, as new: FilePath) throws

  /// `unlink(2)`, not flushed.
  ///
  /// - Returns: whether there was something to remove.
  func remove(_ path: FilePath) -> Bool

  /// Bytes and length of a file that is there are on the medium, and on FAT its name.
  func flush(_ path: FilePath) throws

  /// The names in a directory are on the medium as they stand.
  func flushDirectory(_ path: FilePath) throws

  /// Makes a directory and those above it.
  func makeDirectory(_ path: FilePath) throws

  /// Makes sure that `path` has room for this many bytes, whatever they are.
  func reserve(_ path: FilePath, byteCount: Int) throws
}

extension FileSystem {
  /// Puts a new file in the place of `path`: written beside it, flushed, renamed, directory flushed.
  ///
  /// `previous`, if given, then names the file that was replaced. `temporary` is its name until then.
  func replace(
    _ path: FilePath, with bytes: [UInt8], previous: FilePath? = nil, mode: UInt32 = 0o644,
    temporary: FilePath? = nil
  ) throws {
    let new = temporary ?? path.appendingSuffix(".new")
    try create(new, with: bytes, mode: mode)
    if let previous {
      _ = remove(previous)
      // A file system without hard links keeps no previous one, and loses nothing else by it.
      try? link(path, as: previous)
    }
    try rename(new, to: path)
    // On FAT it is the file that remembers where its name stands.
    try flush(path)
    try flushDirectory(path.removingLastComponent())
  }
}

/// The files of the system that this runs on.
public struct SystemFiles: FileSystem {
  public init() {}

  public func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
    try Files.read(path, limit: limit)
  }

  public func overwrite(_ path: FilePath, with bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
    try file.closeAfter {
      let count = try bytes.withUnsafeBytes { try file.write(toAbsoluteOffset: 0, $0) }
      guard count == bytes.count else { throw Errno.ioError }
      try Files.check(fdatasync(file.rawValue))
      // Whoever reads it now reads the medium.
      posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
    }
  }

  public func create(_ path: FilePath, with bytes: [UInt8], mode: UInt32) throws {
    do {
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: FilePermissions(rawValue: mode))
      try file.closeAfter {
        _ = try file.writeAll(bytes)
        try Files.check(fsync(file.rawValue))
        posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
      }
    } catch {
      _ = remove(path)
      throw error
    }
  }

  public func rename(_ path: FilePath, to new: FilePath) throws {
    try Files.check(
      path.withPlatformString { from in new.withPlatformString { Glibc.rename(from, $0) } })
  }

  public func link(_ path: FilePath, as new: FilePath) throws {
    try Files.check(
      path.withPlatformString { old in new.withPlatformString { Glibc.link(old, $0) } })
  }

  public func remove(_ path: FilePath) -> Bool { Files.remove(path) }

  public func flush(_ path: FilePath) throws {
    let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    try file.closeAfter { try Files.check(fsync(file.rawValue)) }
  }

  public func flushDirectory(_ path: FilePath) throws { try Files.flushDirectory(path) }

  public func makeDirectory(_ path: FilePath) throws { try Files.makeDirectory(path) }

  public func reserve(_ path: FilePath, byteCount: Int) throws {
    if let size = Files.status(path)?.size, size >= Int64(byteCount) { return }
    let file = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .closeOnExec],
      permissions: FilePermissions(rawValue: 0o600))
    let status = posix_fallocate(file.rawValue, 0, byteCount)
    try? file.close()
    if status != 0 {
      _ = remove(path)
      throw Errno(rawValue: status)
    }
  }
}
