internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// Reads a whole tree from the disk, past the page cache where the file system can.
///
/// After `syncfs(2)` this proves that the file system gives back, byte for byte and name for name, what was verified, and
/// that nothing else stands in the tree. It does not prove what a disk does that lies about a flush.
struct TreeReading {
  private static let pieceBytes = 1 << 20

  private let cancellation: Cancellation
  private let progress: (UInt64) -> Void
  private let buffer = AlignedBuffer(byteCount: TreeReading.pieceBytes)
  private var inventory = TreeInventory()
  private var bytes: UInt64 = 0

  /// What stands in the folder at `path`.
  ///
  /// - Throws: `Errno`, `CancellationFailure`; `EFBIG` for more than any tree has.
  static func inventory(
    of path: FilePath, _ cancellation: Cancellation, progress: @escaping (UInt64) -> Void = { _ in }
  ) throws -> TreeInventory {
    var reading = TreeReading(cancellation, progress)
    try reading.read(try TreeFiles.Folder(path), [], depth: 0)
    return reading.inventory
  }

  private init(_ cancellation: Cancellation, _ progress: @escaping (UInt64) -> Void) {
    self.cancellation = cancellation
    self.progress = progress
  }

  private mutating func read(_ folder: TreeFiles.Folder, _ path: [UInt8], depth: Int) throws {
    guard depth <= TreeLimits.depth else { throw Errno.fileTooLarge }
    for name in try folder.names() {
      guard inventory.items.count < TreeLimits.entries else { throw Errno.fileTooLarge }
      let inner = path + (path.isEmpty ? [] : [UInt8(ascii: "/")]) + Array(name.utf8)
      let status = try folder.status(name)
      let mode = Int(status.st_mode & 0o7777)
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        inventory[inner] = .folder(mode: mode)
        try read(try TreeFiles.Folder(name, in: folder), inner, depth: depth + 1)
      case S_IFLNK: inventory[inner] = .link(target: try folder.target(ofLink: name))
      case S_IFREG: inventory[inner] = try file(name, in: folder, mode: mode)
      default: throw Errno.invalidArgument
      }
    }
  }

  private mutating func file(
    _ name: String, in folder: TreeFiles.Folder, mode: Int
  ) throws -> TreeInventory.Item {
    let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
    var descriptor = openat(folder.descriptor, name, flags | klinux_o_direct)
    // A file system in memory has no medium to be read past the cache.
    if descriptor < 0, errno == EINVAL { descriptor = openat(folder.descriptor, name, flags) }
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    defer { close(descriptor) }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    var status = stat()
    try Files.check(fstat(descriptor, &status))
    var digest = DigestStream()
    var position = 0
    while position < status.st_size {
      try cancellation.check()
      let count = pread(descriptor, buffer.bytes.baseAddress, buffer.bytes.count, position)
      guard count > 0 else { throw count < 0 ? Errno(rawValue: errno) : .ioError }
      digest.update(UnsafeRawBufferPointer(buffer.prefix(count)))
      position += count
      bytes += UInt64(count)
      progress(bytes)
    }
    return .file(
      mode: mode, size: UInt64(position),
      content: Digest(bytes: digest.finish()) ?? Digest(of: []),
      capability: TreeFiles.capability(of: descriptor))
  }
}
