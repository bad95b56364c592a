internal import SlotCore
internal import SystemPackage

/// A bundle in a file.
final class FileReader: BundleReader {
  let name: String
  let totalLength: UInt64?
  private(set) var position: UInt64 = 0
  private(set) var bytesFetched: UInt64 = 0
  private let path: String
  private let file: FileDescriptor

  /// - Throws: `SourceFailure.notFound`, `.unreadable`.
  init(_ path: String) throws(SourceFailure) {
    self.path = path
    name = FilePath(path).lastComponent?.string ?? path
    do {
      file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
    } catch {
      throw SourceFailure(
        (error as? Errno) == .noSuchFileOrDirectory ? .notFound : .unreadable,
        "cannot open \(path.printable): \(error)", hint: "check the path of the bundle",
        systemError: (error as? Errno)?.rawValue)
    }
    guard let status = Files.status(FilePath(path)), status.type != .directory else {
      try? file.close()
      throw SourceFailure(
        .unreadable, "\(path.printable) is a directory", hint: "name the bundle in it")
    }
    // A FIFO or a device has no size that means anything, and is read like a pipe.
    totalLength = status.type == .regular ? UInt64(status.size) : nil
  }

  deinit { try? file.close() }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    do {
      while done < buffer.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let count = try file.read(into: rest)
        if count == 0 { break }
        done += count
      }
    } catch {
      throw SourceFailure(
        .unreadable, "cannot read \(path.printable): \(error)",
        hint: "check the disk that the bundle is on", systemError: (error as? Errno)?.rawValue)
    }
    position += UInt64(done)
    bytesFetched += UInt64(done)
    return done
  }

  func skip(to offset: UInt64) throws {
    guard totalLength != nil else { return try drop(to: offset) }
    _ = try file.seek(offset: Int64(offset), from: .start)
    position = offset
  }
}
