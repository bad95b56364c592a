internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// A file under construction: without a name where the file system allows it (`O_TMPFILE`), else with
/// a hidden one beside its destination. Nothing of it is left unless `publish` was reached.
///
/// `@unchecked Sendable`: one thread at a time has it.
final class OutputFile: @unchecked Sendable {
  private let destination: FilePath
  private let descriptor: FileDescriptor
  /// The name that has to be removed, if there is one.
  private var temporary: FilePath?

  /// A file that will stand at `path`, on the same file system.
  ///
  /// - Throws: `OutputFailure`.
  init(besides path: FilePath, mode: UInt32 = 0o666) throws(OutputFailure) {
    destination = path
    let directory = OutputFile.directory(of: path)
    do {
      let unnamed = directory.withPlatformString {
        open($0, O_RDWR | O_CLOEXEC | klinux_o_tmpfile, mode)
      }
      if unnamed >= 0 {
        descriptor = FileDescriptor(rawValue: unnamed)
        temporary = nil
      } else {
        let name = OutputFile.temporaryName(path)
        _ = Files.remove(name)
        descriptor = try FileDescriptor.open(
          name, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
          permissions: FilePermissions(rawValue: mode))
        temporary = name
      }
    } catch { throw .cannotWrite(path, error) }
  }

  deinit {
    if let temporary { _ = Files.remove(temporary) }
    try? descriptor.close()
  }

  private static func directory(of path: FilePath) -> FilePath {
    let directory = path.removingLastComponent()
    return directory.isEmpty ? "." : directory
  }

  private static func temporaryName(_ path: FilePath) -> FilePath {
    let name = path.lastComponent?.string ?? "output"
    return directory(of: path).appending(
      ".\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max))")
  }

  func append(_ bytes: [UInt8]) throws(OutputFailure) {
    do { _ = try descriptor.writeAll(bytes) } catch { throw .cannotWrite(destination, error) }
  }

  /// What was written so far, to be read.
  ///
  /// - Throws: `SourceFailure`.
  func input() throws -> InputFile {
    try InputFile("/proc/self/fd/\(descriptor.rawValue)")
  }

  /// The first `length` bytes in memory. They are there as long as the mapping is.
  func mapped(length: UInt64) throws(OutputFailure) -> MappedBytes {
    do { return try MappedBytes(descriptor, length: Int(length)) } catch {
      throw .cannotWrite(destination, error)
    }
  }

  /// The permission bits of the file that this one replaces.
  func setMode(_ mode: UInt32) { _ = fchmod(descriptor.rawValue, mode) }

  /// Appends `length` bytes of another output file, from its start.
  func append(_ other: OutputFile, length: UInt64) throws {
    try append(other.descriptor, from: 0, length: length)
  }

  /// Appends bytes of a file: `copy_file_range(2)`, which shares extents where the file system can, and
  /// reads and writes where the kernel cannot do that.
  func append(_ file: FileDescriptor, from start: UInt64, length: UInt64) throws {
    var offset = Int64(start)
    var left = length
    while left > 0 {
      let step = Int(min(left, 1 << 30))
      let copied = klinux_copy_range(file.rawValue, &offset, descriptor.rawValue, step)
      guard copied > 0 else { break }
      left -= UInt64(copied)
    }
    try copyThroughMemory(file, from: offset, length: left)
  }

  private func copyThroughMemory(
    _ file: FileDescriptor, from start: Int64, length: UInt64
  ) throws {
    var offset = start
    var left = length
    var buffer = [UInt8](repeating: 0, count: Int(min(length, 1 << 20)))
    while left > 0 {
      let want = Int(min(left, UInt64(buffer.count)))
      let got = try buffer.withUnsafeMutableBytes {
        try file.read(
          fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<want]))
      }
      guard got > 0 else {
        throw BundleFailure.truncated(at: UInt64(offset), expected: start.magnitude + length)
      }
      try append(Array(buffer.prefix(got)))
      offset += Int64(got)
      left -= UInt64(got)
    }
  }

  /// Flushes the file and gives it its name in one step; the directory is flushed too.
  ///
  /// - Throws: `exists` when there is one already and `replacing` is false; `cannotWrite`.
  func publish(replacing: Bool) throws(OutputFailure) {
    do {
      try Files.check(fsync(descriptor.rawValue))
      try replacing ? replace() : name(destination)
      if let temporary { _ = Files.remove(temporary) }
      temporary = nil
      try Files.flushDirectory(destination.removingLastComponent())
    } catch Errno.fileExists {
      throw OutputFailure(
        .exists, "\(destination.string.printable) exists already",
        hint: "choose another name, or add --force to replace it")
    } catch { throw .cannotWrite(destination, error) }
  }

  private func replace() throws {
    if temporary == nil {
      let path = OutputFile.temporaryName(destination)
      try name(path)
      temporary = path
    }
    guard let temporary else { return }
    try Files.check(
      temporary.withPlatformString { from in
        destination.withPlatformString { rename(from, $0) }
      })
    self.temporary = nil
  }

  /// `linkat(2)`, which refuses a name that is taken.
  private func name(_ path: FilePath) throws {
    let source = temporary ?? FilePath("/proc/self/fd/\(descriptor.rawValue)")
    try Files.check(
      source.withPlatformString { from in
        path.withPlatformString { linkat(AT_FDCWD, from, AT_FDCWD, $0, AT_SYMLINK_FOLLOW) }
      })
  }
}
