internal import CArchive
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// A folder as a tar archive, the same bytes for the same contents whoever made them: sorted by name, everything root's,
/// times in whole seconds and none after `created`.
enum TreeArchive {
  /// One thing in the folder, below its root.
  struct Item {
    let path: String
    let entry: TreeEntry
    let modified: Int64
  }

  /// Writes the archive to `output`.
  ///
  /// - Returns: what a manifest announces of it.
  /// - Throws: `RequestFailure`, `TreeFailure` for what no device would take, `SourceFailure`, `OutputFailure`, `libraryMissing`.
  static func write(
    _ request: TreeRequest, created: Timestamp, to output: OutputFile
  ) throws -> TreeContent {
    let items = try TreeScan.items(request)
    let content = try content(items, request)
    let writer = try ArchiveWriter(output)
    try UnicodeNames.following {
      for item in items {
        try writer.add(item, modified: min(item.modified, created.seconds)) { body in
          try copy(FilePath(request.directory).appending(item.path), item, body)
        }
      }
      try writer.finish()
    }
    return content
  }

  private static func content(
    _ items: [Item], _ request: TreeRequest
  ) throws -> TreeContent {
    var content = TreeContent(units: request.units, entries: items.count, bytes: 0)
    for item in items {
      if case .file(let size) = item.entry.kind { content.bytes += UInt64(size) }
      guard item.entry.mode & 0o7000 != 0 || !item.entry.capability.isEmpty else { continue }
      guard request.privileged.contains(item.path) else {
        throw RequestFailure(
          .invalidValue,
          "\(item.path.printable) of \(request.name) is set-uid, set-gid or sticky or has capabilities",
          hint:
            "take that away, or announce it with --privileged \(request.name)=\(item.path.printable)"
        )
      }
      content.privileges.append(
        TreeContent.Privilege(
          path: item.path, mode: item.entry.mode, capability: item.entry.capability))
    }
    guard !items.isEmpty, items.count <= TreeLimits.entries else {
      throw RequestFailure(
        .invalidValue, "\(request.directory.printable) holds \(items.count) files and folders",
        hint: "a tree has 1 to \(TreeLimits.entries)")
    }
    // What no reader would take is not published.
    var checker = TreeChecker(content)
    for item in items { _ = try checker.take(item.entry) }
    try checker.finish()
    return content
  }

  private static func copy(
    _ path: FilePath, _ item: Item, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard case .file(let size) = item.entry.kind else { return }
    let file = try InputFile(path.string)
    var offset: UInt64 = 0
    while offset < UInt64(size) {
      let bytes = try file.bytes(
        at: offset, count: Int(min(1 << 20, UInt64(size) - offset)))
      guard !bytes.isEmpty else {
        throw SourceFailure(
          .unreadable, "\(path.string.printable) became shorter while it was read",
          hint: "let nothing change the folder meanwhile, then run the command again")
      }
      try bytes.withUnsafeBytes { try body($0) }
      offset += UInt64(bytes.count)
    }
  }
}

/// What stands in a folder, sorted, each folder before what is in it.
private enum TreeScan {
  static func items(_ request: TreeRequest) throws -> [TreeArchive.Item] {
    let root = FilePath(request.directory)
    do {
      var items: [TreeArchive.Item] = []
      try scan(try TreeFiles.Folder(root), "", depth: 0, into: &items)
      return items
    } catch let error as Errno { throw SourceFailure.cannotOpen(root, error) }
  }

  private static func scan(
    _ folder: TreeFiles.Folder, _ path: String, depth: Int,
    into items: inout [TreeArchive.Item]
  ) throws {
    guard depth <= TreeLimits.depth, items.count <= TreeLimits.entries else {
      throw Errno.fileTooLarge
    }
    for name in try folder.names() {
      let inner = path.isEmpty ? name : "\(path)/\(name)"
      let status = try folder.status(name)
      items.append(try item(inner, name, status, in: folder))
      if status.st_mode & S_IFMT == S_IFDIR {
        try scan(try TreeFiles.Folder(name, in: folder), inner, depth: depth + 1, into: &items)
      }
    }
  }

  private static func item(
    _ path: String, _ name: String, _ status: stat, in folder: TreeFiles.Folder
  ) throws -> TreeArchive.Item {
    var entry = TreeEntry(
      path: Array(path.utf8), kind: .folder, mode: Int(status.st_mode & 0o7777))
    switch status.st_mode & S_IFMT {
    case S_IFREG:
      entry.kind = .file(size: Int64(status.st_size))
      let descriptor = openat(folder.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
      guard descriptor >= 0 else { throw Errno(rawValue: errno) }
      entry.capability = TreeFiles.capability(of: descriptor)
      close(descriptor)
    // Who may put files into a folder, and whose they become, means nothing in a tree that nobody writes.
    case S_IFDIR: entry.mode &= 0o777
    case S_IFLNK:
      entry.kind = .link(target: try folder.target(ofLink: name))
      entry.mode = 0o777
    default: entry.kind = .other("no file, folder or link")
    }
    return TreeArchive.Item(path: path, entry: entry, modified: folder.modifiedAt(name))
  }
}

/// libarchive's writer of tar archives: POSIX 1003.1-2001 headers ("pax") only where the older form cannot say it.
private final class ArchiveWriter {
  private let library: karchive
  private let archive: OpaquePointer
  private let sink: ArchiveSink

  /// - Throws: `libraryMissing`, `RequestFailure`.
  init(_ output: OutputFile) throws {
    library = try ArchiveLibrary.functions()
    guard let archive = library.archive_write_new() else {
      throw ArchiveWriter.failure("no memory")
    }
    self.archive = archive
    sink = ArchiveSink(output)
    try check(library.archive_write_set_format_pax_restricted(archive))
    // Names stand in it byte for byte: a reader would make composed letters of decomposed ones.
    try check(library.archive_write_set_options(archive, "hdrcharset=BINARY"))
    try check(library.archive_write_add_filter_none(archive))
    try check(library.archive_write_set_bytes_in_last_block(archive, 1))
    let status = library.archive_write_open(
      archive, Unmanaged.passUnretained(sink).toOpaque(), nil,
      { _, context, bytes, count in
        guard let context else { return -1 }
        let sink = Unmanaged<ArchiveSink>.fromOpaque(context).takeUnretainedValue()
        return sink.take(UnsafeRawBufferPointer(start: bytes, count: count))
      }, nil)
    try check(status)
  }

  deinit { _ = library.archive_write_free(archive) }

  func add(
    _ item: TreeArchive.Item, modified: Int64,
    content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    guard let entry = library.archive_entry_new() else { throw ArchiveWriter.failure("no memory") }
    defer { library.archive_entry_free(entry) }
    library.archive_entry_set_pathname(entry, item.path)
    library.archive_entry_set_mtime(entry, Int(max(0, modified)), 0)
    switch item.entry.kind {
    case .file(let size):
      library.archive_entry_set_size(entry, size)
      library.archive_entry_set_filetype(entry, S_IFREG)
    case .link(let target):
      library.archive_entry_set_symlink(entry, String(decoding: target, as: UTF8.self))
      library.archive_entry_set_filetype(entry, S_IFLNK)
    case .folder, .hardLink, .other: library.archive_entry_set_filetype(entry, S_IFDIR)
    }
    library.archive_entry_set_perm(entry, mode_t(item.entry.mode))
    if !item.entry.capability.isEmpty {
      library.archive_entry_xattr_add_entry(
        entry, TreeFiles.capabilityAttribute, item.entry.capability, item.entry.capability.count)
    }
    try check(library.archive_write_header(archive, entry))
    try content { bytes in
      guard library.archive_write_data(archive, bytes.baseAddress, bytes.count) == bytes.count
      else {
        throw self.failure
      }
    }
  }

  func finish() throws { try check(library.archive_write_close(archive)) }

  private func check(_ status: Int32) throws {
    guard status == karchive_ok else { throw failure }
  }

  private var failure: any Error {
    sink.failure
      ?? ArchiveWriter.failure(
        library.archive_error_string(archive).map { String(cString: $0) } ?? "unknown")
  }

  private static func failure(_ what: String) -> RequestFailure {
    RequestFailure(
      .invalidValue, "the folder cannot be made into an archive: \(what.printable)",
      hint: "the names in it have to be UTF-8")
  }
}

/// Where libarchive's bytes go, and what went wrong there.
private final class ArchiveSink {
  private let output: OutputFile
  private(set) var failure: (any Error)?

  init(_ output: OutputFile) { self.output = output }

  func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    do { try output.append(Array(bytes)) } catch {
      failure = error
      return -1
    }
    return bytes.count
  }
}
