internal import CArchive
internal import Glibc
internal import SlotCore

/// A tar archive, entry by entry: libarchive's reader without any filter, fed with verified bytes only.
final class ArchiveReader {
  private let library: karchive
  private let archive: OpaquePointer
  private let source: ArchiveSource
  private var entry: OpaquePointer?

  /// - Throws: `libraryMissing`, `malformedArchive`, and what `source` throws.
  init(_ stream: FrameStream) throws {
    library = try ArchiveLibrary.functions()
    guard let archive = library.archive_read_new() else {
      throw ArchiveReader.malformed("no memory")
    }
    self.archive = archive
    source = ArchiveSource(stream)
    try check(library.archive_read_support_filter_none(archive))
    try check(library.archive_read_support_format_tar(archive))
    let status = library.archive_read_open(
      archive, Unmanaged.passUnretained(source).toOpaque(), nil,
      { _, context, buffer in
        guard let context else { return -1 }
        return Unmanaged<ArchiveSource>.fromOpaque(context).takeUnretainedValue().read(buffer)
      }, nil)
    try check(status)
  }

  deinit { _ = library.archive_read_free(archive) }

  /// The next entry; nil behind the last.
  ///
  /// - Throws: `TreeFailure`, and what reading the bundle throws.
  func next() throws -> TreeEntry? {
    let status = library.archive_read_next_header(archive, &entry)
    try source.rethrow()
    if status == karchive_end { return nil }
    if status == karchive_warning, words.contains("converted") {
      throw TreeFailure.refused(.nameNotUnicode, words)
    }
    try check(status)
    guard let entry else { throw ArchiveReader.malformed("an entry is missing") }
    return try value(entry)
  }

  /// Verifies what stands behind the end of the archive, which nothing but zeros may.
  ///
  /// - Throws: `malformedArchive`, and what reading the bundle throws.
  func finish() throws {
    while let bytes = try source.rest() {
      guard bytes.isAllZero else {
        throw ArchiveReader.malformed("something stands behind its end")
      }
    }
  }

  /// When the content of the current entry was last changed.
  var modified: timespec {
    guard let entry else { return timespec() }
    return timespec(
      tv_sec: library.archive_entry_mtime(entry),
      tv_nsec: max(0, min(999_999_999, library.archive_entry_mtime_nsec(entry))))
  }

  /// Gives the content of the current entry, a file of `size` bytes, to `body`, piece by piece.
  ///
  /// - Throws: `malformedArchive`, `sparseFile`, and what `body` throws.
  func content(size: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    var position: Int64 = 0
    while true {
      var (start, count, offset): (UnsafeRawPointer?, Int, Int64) = (nil, 0, 0)
      let status = library.archive_read_data_block(archive, &start, &count, &offset)
      try source.rethrow()
      if status == karchive_end { break }
      try check(status)
      // A hole is content that takes no bytes of the archive, and so has no bound.
      guard offset == position else {
        throw TreeFailure.refused(.sparseFile, "a file has a hole at byte \(position)")
      }
      guard count <= size - position else { throw ArchiveReader.malformed("a file is too long") }
      try body(UnsafeRawBufferPointer(start: start, count: count))
      position += Int64(count)
    }
    guard position == size else { throw ArchiveReader.malformed("a file is too short") }
  }

  // MARK: - Entries

  private func value(_ entry: OpaquePointer) throws -> TreeEntry {
    guard let path = library.archive_entry_pathname(entry) else {
      throw TreeFailure.refused(.nameNotUnicode, "an entry has a name that is not UTF-8")
    }
    var value = TreeEntry(
      path: ArchiveReader.bytes(path), kind: try kind(entry),
      mode: Int(library.archive_entry_perm(entry)) & 0o7777)
    value.isSparse = library.archive_entry_sparse_count(entry) > 0
    if library.archive_entry_acl_count(entry, Int32.max) > 0 {
      value.attribute = "access control list"
    }
    if let flags = library.archive_entry_fflags_text(entry) {
      value.attribute = String(cString: flags)
    }
    _ = library.archive_entry_xattr_reset(entry)
    var (name, content, count): (UnsafePointer<CChar>?, UnsafeRawPointer?, Int) = (nil, nil, 0)
    while library.archive_entry_xattr_next(entry, &name, &content, &count) == karchive_ok {
      guard let name else { continue }
      if String(cString: name) == TreeFiles.capabilityAttribute {
        value.capability = Array(UnsafeRawBufferPointer(start: content, count: count))
      } else {
        value.attribute = String(cString: name)
      }
    }
    return value
  }

  private func kind(_ entry: OpaquePointer) throws -> TreeEntry.Kind {
    if let target = library.archive_entry_hardlink(entry) {
      guard library.archive_entry_size(entry) == 0 else {
        throw ArchiveReader.malformed("a link has content")
      }
      return .hardLink(target: ArchiveReader.bytes(target))
    }
    switch library.archive_entry_filetype(entry) & S_IFMT {
    case S_IFREG: return .file(size: library.archive_entry_size(entry))
    case S_IFDIR: return .folder
    case S_IFLNK:
      return .link(target: library.archive_entry_symlink(entry).map(ArchiveReader.bytes) ?? [])
    case S_IFBLK, S_IFCHR: return .other("a device")
    case S_IFIFO: return .other("a fifo")
    case S_IFSOCK: return .other("a socket")
    default: return .other("of an unknown type")
    }
  }

  private static func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
  }

  // MARK: - Errors

  private var words: String {
    library.archive_error_string(archive).map { String(cString: $0) } ?? "it is no tar archive"
  }

  private func check(_ status: Int32) throws {
    try source.rethrow()
    guard status == karchive_ok else { throw ArchiveReader.malformed(words) }
  }

  private static func malformed(_ what: String) -> TreeFailure {
    .refused(.malformedArchive, what.printable)
  }
}

/// Where libarchive's bytes come from, and what went wrong there.
private final class ArchiveSource {
  private let stream: FrameStream
  private var failure: (any Error)?

  init(_ stream: FrameStream) { self.stream = stream }

  func rethrow() throws { if let failure { throw failure } }

  func rest() throws -> UnsafeRawBufferPointer? { try stream.next() }

  /// The next bytes, which stay until the next call; 0 at the end, below 0 for an error.
  func read(_ buffer: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    do {
      guard let bytes = try stream.next() else { return 0 }
      buffer?.pointee = bytes.baseAddress
      return bytes.count
    } catch {
      failure = error
      return Int(karchive_fatal)
    }
  }
}
