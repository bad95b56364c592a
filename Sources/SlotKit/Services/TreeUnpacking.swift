internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// Writes the entries of an archive below a folder that nobody else can enter.
///
/// Every call is relative to the open root of the tree, makes something new, and follows no link; and `TreeChecker` lets no
/// path through that leads over one.
struct TreeUnpacking {
  private let root: TreeFiles.Folder
  private var checker: TreeChecker
  private var inventory = TreeInventory()
  /// Their rights and times are set at the end: what is put into them changes both.
  private var folders: [(path: String, mode: Int, modified: timespec)] = []

  /// Unpacks `archive` into the empty folder at `path`, and returns what is to be found there.
  ///
  /// - Throws: `TreeFailure`, what reading the bundle throws, and `Errno` of the file system.
  static func run(
    _ archive: ArchiveReader, _ content: TreeContent, into path: FilePath
  ) throws -> TreeInventory {
    var unpacking = TreeUnpacking(
      root: try TreeFiles.Folder(path), checker: TreeChecker(content))
    while let entry = try archive.next() {
      try unpacking.make(try unpacking.checker.take(entry), archive)
    }
    try archive.finish()
    try unpacking.checker.finish()
    try unpacking.finishFolders()
    return unpacking.inventory
  }

  private init(root: TreeFiles.Folder, checker: TreeChecker) {
    self.root = root
    self.checker = checker
  }

  private mutating func make(_ step: TreeStep, _ archive: ArchiveReader) throws {
    let path = Array(step.path.utf8)
    switch step.kind {
    case .folder where path.isEmpty: break
    case .folder:
      try Files.check(mkdirat(root.descriptor, step.path, 0o700))
      folders.append((step.path, step.mode, archive.modified))
      inventory[path] = .folder(mode: step.mode)
    case .link(let target):
      try Files.check(symlinkat(target, root.descriptor, step.path))
      inventory[path] = .link(target: Array(target.utf8))
    case .hardLink(let other):
      try Files.check(linkat(root.descriptor, other, root.descriptor, step.path, 0))
      inventory[path] = inventory[Array(other.utf8)]
    case .file(let size): inventory[path] = try makeFile(step, size, archive)
    }
  }

  private func makeFile(
    _ step: TreeStep, _ size: Int64, _ archive: ArchiveReader
  ) throws -> TreeInventory.Item {
    let descriptor = openat(
      root.descriptor, step.path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    let file = FileDescriptor(rawValue: descriptor)
    return try file.closeAfter {
      var digest = DigestStream()
      try archive.content(size: size) { bytes in
        digest.update(bytes)
        _ = try file.writeAll(bytes)
      }
      // The kernel takes both away from a file that is written.
      try Files.check(fchmod(descriptor, mode_t(step.mode)))
      if !step.capability.isEmpty {
        try Files.check(
          klinux_set_attribute(
            descriptor, TreeFiles.capabilityAttribute, step.capability, step.capability.count))
      }
      let modified = archive.modified
      try Files.check(futimens(descriptor, [modified, modified]))
      return .file(
        mode: step.mode, size: UInt64(size),
        content: Digest(bytes: digest.finish()) ?? Digest(of: []), capability: step.capability)
    }
  }

  /// The innermost first.
  private func finishFolders() throws {
    for folder in folders.reversed() {
      try Files.check(fchmodat(root.descriptor, folder.path, mode_t(folder.mode), 0))
      let times = [folder.modified, folder.modified]
      try Files.check(utimensat(root.descriptor, folder.path, times, AT_SYMLINK_NOFOLLOW))
    }
  }
}
