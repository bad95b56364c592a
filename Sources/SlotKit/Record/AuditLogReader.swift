internal import Glibc
public import SlotCore
internal import SystemPackage

/// Reads the audit log, and goes on reading while it grows.
public final class AuditLogReader {
  private static let chunk = 64 << 10
  /// Milliseconds between two looks at a file system that tells nothing of changes.
  private static let patience: Int32 = 60_000
  /// At a rotation, which renames a few files.
  private static let looks = 1000

  private let log: AuditLog
  private var splitter = LineSplitter(maximumLength: RecordEntry.maximumLength)
  /// The file that is read, or was to its end.
  private var file: FileDescriptor?
  /// Lines that were none of an audit log.
  public private(set) var damagedCount = 0

  public init(_ log: AuditLog) { self.log = log }

  deinit { try? file?.close() }

  /// Hands every line that is there to `take`, oldest first, as it stands and as what it says.
  ///
  /// - Throws: `LedgerFailure.ioFailed`; what `take` throws.
  public func read(_ take: ([UInt8], RecordEntry) throws -> Void) throws {
    while try advance(take) { try drain(take) }
  }

  /// The last `count` entries for which `isWanted`, oldest first.
  ///
  /// - Throws: `LedgerFailure.ioFailed`.
  public func last(
    _ count: Int, where isWanted: (RecordEntry) -> Bool = { _ in true }
  ) throws -> [(line: [UInt8], entry: RecordEntry)] {
    var kept: [(line: [UInt8], entry: RecordEntry)] = []
    try read { line, entry in
      guard isWanted(entry) else { return }
      kept.append((line, entry))
      // Not at each line: taking the first away moves all others.
      if kept.count >= 2 * max(count, 64) { kept.removeFirst(kept.count - count) }
    }
    return kept.suffix(count)
  }

  /// Goes on where `read` ended, and waits for more, through rotations, until `take` throws or the directory is
  /// gone.
  ///
  /// - Throws: `LedgerFailure.ioFailed`; what `take` throws.
  public func follow(_ take: ([UInt8], RecordEntry) throws -> Void) throws -> Never {
    let watch = try watchDirectory()
    defer { try? watch.close() }
    while true {
      try drain(take)
      if try advance(take) { continue }
      closeWhatIsGone()
      try wait(watch)
    }
  }

  // MARK: - Lines

  private func drain(_ take: ([UInt8], RecordEntry) throws -> Void) throws {
    guard let file else { return }
    var buffer = [UInt8](repeating: 0, count: AuditLogReader.chunk)
    while true {
      let count: Int
      do { count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) } } catch {
        throw failure(error)
      }
      guard count > 0 else { return }
      for line in splitter.take(buffer.prefix(count)) {
        if let entry = RecordEntry(line: line) {
          try take(line, entry)
        } else {
          damagedCount += 1
        }
      }
    }
  }

  // MARK: - Following

  private enum Next {
    case file(FilePath)
    case none
    /// A rotation is under way: the names of the files are changing.
    case moving
  }

  /// The oldest file that is newer than the one that is read, which may be gone by now.
  private var next: Next {
    let paths = log.paths
    let position = file.flatMap { file in paths.firstIndex { Files.isOpen($0, as: file) } }
    if position == nil, let file, !AuditLogReader.isRemoved(file) { return .moving }
    return paths.dropFirst(position.map { $0 + 1 } ?? 0).first.map(Next.file) ?? .none
  }

  /// Goes on with the next file, once all of the one before is taken. A name may come to mean another file between
  /// two looks, so it counts only if it still is the next one when it is open.
  ///
  /// - Returns: whether there was one.
  private func advance(_ take: ([UInt8], RecordEntry) throws -> Void) throws -> Bool {
    for _ in 0..<AuditLogReader.looks {
      switch next {
      case .none: return false
      case .moving: continue
      case .file(let path):
        guard let opened = try open(path) else { continue }
        guard case .file(let still) = next, Files.isOpen(still, as: opened) else {
          try? opened.close()
          continue
        }
        // What was written to it before it was rotated away.
        try drain(take)
        try? file?.close()
        file = opened
        splitter = LineSplitter(maximumLength: RecordEntry.maximumLength)
        return true
      }
    }
    return false
  }

  /// Nil where the file was rotated away since it was seen.
  private func open(_ path: FilePath) throws -> FileDescriptor? {
    do {
      return try FileDescriptor.open(
        path, .readOnly, options: [.closeOnExec, .noFollow, .nonBlocking])
    } catch Errno.noSuchFileOrDirectory { return nil } catch { throw failure(error) }
  }

  /// No name is left of it.
  private static func isRemoved(_ file: FileDescriptor) -> Bool {
    var status = stat()
    return fstat(file.rawValue, &status) == 0 && status.st_nlink == 0
  }

  /// A removed file that is open keeps its removed directory, and the end of the watch is never told.
  private func closeWhatIsGone() {
    guard let file, AuditLogReader.isRemoved(file) else { return }
    try? file.close()
    self.file = nil
  }

  private func watchDirectory() throws -> FileDescriptor {
    let descriptor = inotify_init1(Int32(IN_CLOEXEC))
    guard descriptor >= 0 else { throw failure(Errno(rawValue: errno)) }
    let watch = FileDescriptor(rawValue: descriptor)
    let events = UInt32(
      IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR)
    guard
      log.directory.withPlatformString({ inotify_add_watch(descriptor, $0, events) }) >= 0
    else {
      let error = Errno(rawValue: errno)
      try? watch.close()
      throw failure(error)
    }
    return watch
  }

  private func wait(_ watch: FileDescriptor) throws {
    var request = pollfd(fd: watch.rawValue, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, AuditLogReader.patience) > 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = try buffer.withUnsafeMutableBytes { try watch.read(into: $0) }
    // The watch ends with what it watches: the directory was removed, or its file system unmounted.
    let ended = UInt32(IN_IGNORED) | UInt32(IN_UNMOUNT) | UInt32(IN_DELETE_SELF)
    if AuditLogReader.masks(buffer.prefix(count)).contains(where: { $0 & ended != 0 }) {
      throw failure(Errno.noSuchFileOrDirectory)
    }
  }

  /// The masks of inotify(7) events: each is four numbers of 32 bits, and a name of the length that the last says.
  private static func masks(_ bytes: ArraySlice<UInt8>) -> [UInt32] {
    var masks: [UInt32] = []
    var rest = bytes
    func number(_ offset: Int) -> UInt32 {
      rest.dropFirst(offset).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    while rest.count >= 16 {
      masks.append(number(4))
      rest = rest.dropFirst(16 + Int(number(12)))
    }
    return masks
  }

  private func failure(_ error: any Error) -> LedgerFailure {
    LedgerFailure(
      .ioFailed, "cannot read the audit log in \(log.directory): \(error)",
      hint: "check the data partition", systemError: (error as? Errno)?.rawValue)
  }
}
