internal import Glibc
public import SlotCore
internal import SystemPackage

/// A file or block device that is read by offset, from any thread.
final class InputFile: Sendable {
  let path: FilePath
  let descriptor: FileDescriptor
  /// Bytes, when it was opened.
  let length: UInt64
  /// Permission bits.
  let mode: UInt32

  /// - Throws: `SourceFailure`.
  init(_ path: String) throws(SourceFailure) {
    self.path = FilePath(path)
    do {
      descriptor = try FileDescriptor.open(self.path, .readOnly, options: .closeOnExec)
    } catch { throw .cannotOpen(self.path, error) }
    do {
      var status = stat()
      try Files.check(fstat(descriptor.rawValue, &status))
      guard [S_IFREG, S_IFBLK].contains(status.st_mode & S_IFMT) else { throw Errno.isDirectory }
      mode = status.st_mode & 0o777
      length = UInt64(try descriptor.seek(offset: 0, from: .end))
    } catch {
      try? descriptor.close()
      throw SourceFailure(
        .unreadable, "\(path.printable) is not a file",
        hint: "give a regular file or a block device: its size must be known before it is read")
    }
  }

  deinit { try? descriptor.close() }

  /// As many bytes from `offset` as fit into `buffer`, fewer only at the end of the file.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(SourceFailure)
    -> Int
  {
    var count = 0
    do {
      while count < buffer.count {
        let got = try descriptor.read(
          fromAbsoluteOffset: Int64(offset) + Int64(count),
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
        if got == 0 { break }
        count += got
      }
    } catch { throw .cannotOpen(path, error) }
    return count
  }

  /// At most `count` bytes from `offset`, fewer only at the end of the file.
  func bytes(at offset: UInt64, count: Int) throws(SourceFailure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let result = bytes.withUnsafeMutableBytes { buffer in
      Result { () throws(SourceFailure) in try read(at: offset, into: buffer) }
    }
    return Array(bytes.prefix(try result.get()))
  }
}

/// Small texts that a command is given: keys, signatures, passwords, notes.
public enum InputText {
  /// The bytes of the file, at most `limit` of them.
  ///
  /// - Throws: `SourceFailure`.
  public static func bytes(_ path: String, limit: Int = 64 << 10) throws(SourceFailure) -> [UInt8] {
    do {
      guard let bytes = try Files.read(FilePath(path), limit: limit) else {
        throw Errno.noSuchFileOrDirectory
      }
      return bytes
    } catch { throw .cannotOpen(FilePath(path), error) }
  }

  /// The same as text, with invalid UTF-8 replaced.
  public static func text(_ path: String, limit: Int = 64 << 10) throws(SourceFailure) -> String {
    String(decoding: try bytes(path, limit: limit), as: UTF8.self)
  }
}
