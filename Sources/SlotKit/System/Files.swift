internal import CLinux
internal import Glibc
public import SystemPackage

/// Small files, read with a bound and replaced whole. All functions throw `Errno`.
public enum Files {
  /// The whole file; nil when there is none.
  ///
  /// A file longer than `limit` bytes is `EFBIG`.
  public static func read(_ path: FilePath, limit: Int) throws -> [UInt8]? {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    } catch Errno.noSuchFileOrDirectory {
      return nil
    }
    return try file.closeAfter {
      var bytes = [UInt8](repeating: 0, count: limit + 1)
      var count = 0
      while count < bytes.count {
        let got = try bytes.withUnsafeMutableBytes { buffer in
          try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
        }
        if got == 0 { return Array(bytes.prefix(count)) }
        count += got
      }
      throw Errno.fileTooLarge
    }
  }

  /// The text of a small file of the kernel, without the line end; nil when it cannot be read.
  public static func text(_ path: FilePath, limit: Int = 64 << 10) -> String? {
    guard let bytes = try? read(path, limit: limit) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// `FileSystem.replace` on the files of the system.
  public static func replace(
    _ path: FilePath, with bytes: [UInt8], previous: FilePath? = nil, mode: UInt32 = 0o644
  ) throws {
    try SystemFiles().replace(path, with: bytes, previous: previous, mode: mode)
  }

  /// Writes into a file that is there, such as one of the kernel's.
  static func overwrite(_ path: FilePath, with bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
    _ = try file.closeAfter { try file.writeAll(bytes) }
  }

  public static func flushDirectory(_ path: FilePath) throws {
    let directory = try FileDescriptor.open(
      path.isEmpty ? "." : path, .readOnly, options: [.directory, .closeOnExec])
    try directory.closeAfter { try check(fsync(directory.rawValue)) }
  }

  /// Makes a directory and those above it.
  public static func makeDirectory(_ path: FilePath, mode: UInt32 = 0o755) throws {
    guard !path.isEmpty, path.withPlatformString({ mkdir($0, mode) }) != 0 else { return }
    switch Errno(rawValue: errno) {
    case .fileExists: return
    case .noSuchFileOrDirectory:
      try makeDirectory(path.removingLastComponent(), mode: mode)
      try check(path.withPlatformString { mkdir($0, mode) })
    case let error: throw error
    }
  }

  /// Whether there was something to remove.
  public static func remove(_ path: FilePath) -> Bool {
    path.withPlatformString { unlink($0) } == 0
  }

  public static func exists(_ path: FilePath) -> Bool {
    path.withPlatformString { access($0, F_OK) } == 0
  }

  static func isDirectory(_ path: FilePath) -> Bool { status(path)?.type == .directory }

  /// The names in a directory, sorted; empty when it cannot be read.
  public static func names(in directory: FilePath) -> [String] {
    guard let stream = directory.withPlatformString({ opendir($0) }) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// `realpath(3)`; nil when the path does not resolve.
  public static func resolved(_ path: FilePath) -> FilePath? {
    guard let resolved = path.withPlatformString({ realpath($0, nil) }) else { return nil }
    defer { free(resolved) }
    return FilePath(platformString: resolved)
  }

  /// `stat(2)`; nil when there is nothing.
  static func status(_ path: FilePath) -> Stat? { try? Stat(path) }

  /// Whether `path` is the file that is open as `file`, and no other that has its name now.
  static func isOpen(_ path: FilePath, as file: FileDescriptor) -> Bool {
    var (named, opened) = (stat(), stat())
    return path.withPlatformString { lstat($0, &named) } == 0
      && fstat(file.rawValue, &opened) == 0
      && named.st_dev == opened.st_dev && named.st_ino == opened.st_ino
  }

  static func check(_ result: Int32) throws {
    guard result == 0 else { throw Errno(rawValue: errno) }
  }
}

extension FilePath {
  func appendingSuffix(_ suffix: String) -> FilePath { FilePath(string + suffix) }
}
