internal import CLinux
internal import Glibc
internal import SlotCore
internal import Synchronization
public import SystemPackage

/// The audit log on the data partition: a line of JSON for each event (docs/formats/audit-log.md).
///
/// A line is one write(2) at the end of the file, so that commands which run at once do not mix theirs.
public final class AuditLog: Sendable {
  static let fileName = "audit.log"
  /// Milliseconds that a line may take. A data partition that hangs must hold up nobody.
  private static let patience: Int64 = 2000

  let directory: FilePath
  /// What has to be mounted: without it the directory, if there is one, is not the one meant.
  private let mount: FilePath?
  private let settings: RecordSettings
  /// A line took too long: this process waits for no further one.
  private let hangs = Atomic<Bool>(false)
  private let warn: @Sendable (String) -> Void
  private let hasWarned = Atomic<Bool>(false)

  /// - Parameter warn: told once in a process, in a sentence, why lines are lost.
  public init(
    directory: FilePath, mount: FilePath? = nil, settings: RecordSettings = RecordSettings(),
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.directory = directory
    self.mount = mount
    self.settings = settings
    self.warn = warn
  }

  /// The newest file has number 0.
  func path(_ number: Int) -> FilePath {
    directory.appending(AuditLog.fileName + (number == 0 ? "" : ".\(number)"))
  }

  /// The files that are there, oldest first. More than are kept are there after the setting was lowered.
  var paths: [FilePath] {
    (0..<RecordSettings.filesRange.upperBound).reversed().map(path).filter(Files.exists)
  }

  var current: FilePath { path(0) }

  // MARK: - Writing

  /// Appends a line. What cannot be written is not: an event is told to the journal, and the ledger has its own.
  ///
  /// - Returns: whether it is on the medium.
  @discardableResult
  func append(_ entry: RecordEntry) -> Bool {
    guard !hangs.load(ordering: .relaxed) else { return false }
    let line = Array((entry.line + "\n").utf8)
    let result = Threads.bounded(milliseconds: AuditLog.patience) { [self] in
      Result { try append(line) }
    }
    switch result {
    case .success?: return true
    case .failure(let error)?:
      if !AuditLog.isSaidAnyway(error) { report("\(error)") }
    case nil:
      hangs.store(true, ordering: .relaxed)
      report("it hangs")
    }
    return false
  }

  /// Without the data partition, and of who is not root, a command says more than that.
  private static func isSaidAnyway(_ error: any Error) -> Bool {
    guard let error = error as? Errno else { return false }
    return [.noSuchFileOrDirectory, .permissionDenied, .notPermitted].contains(error)
  }

  private func report(_ why: String) {
    guard !hasWarned.exchange(true, ordering: .relaxed) else { return }
    warn(
      "the audit log in \(directory) cannot be written: \(why);"
        + " check the data partition: it has to be writable and not full")
  }

  /// - Throws: `Errno`.
  private func append(_ line: [UInt8]) throws {
    if let mount, !Mounts.isMountPoint(mount) { throw Errno.noSuchFileOrDirectory }
    try Files.makeDirectory(directory)
    var file = try open()
    defer { try? file.close() }
    if let size = AuditLog.size(file), size >= settings.logBytes, try rotate(file) {
      let full = file
      file = try open()
      try? full.close()
    }
    let bytes = AuditLog.endsWithinLine(file) ? [UInt8(ascii: "\n")] + line : line
    try allocate(bytes.count, at: file)
    let count = try bytes.withUnsafeBytes { try file.write($0) }
    guard count == bytes.count else { throw Errno.noSpace }
    try Files.check(fdatasync(file.rawValue))
  }

  /// A disk that becomes full within a line would keep a part of it. Where the file system cannot allocate ahead,
  /// the next line begins behind that part.
  private func allocate(_ count: Int, at file: FileDescriptor) throws {
    let end = UInt64(AuditLog.size(file) ?? 0)
    guard klinux_allocate(file.rawValue, end, UInt64(count)) != 0 else { return }
    let error = Errno(rawValue: errno)
    if error == .noSpace || error == .diskQuotaExceeded { throw error }
  }

  private func open() throws -> FileDescriptor {
    // Of something else than a file, such as a pipe, nothing would be bounded; not to wait for its reader.
    let file = try FileDescriptor.open(
      current, .readWrite, options: [.append, .create, .closeOnExec, .noFollow, .nonBlocking],
      permissions: FilePermissions(rawValue: 0o644))
    guard AuditLog.size(file) != nil else {
      try? file.close()
      throw Errno.invalidArgument
    }
    return file
  }

  /// Bytes of a regular file; nil for anything else.
  private static func size(_ file: FileDescriptor) -> Int? {
    var status = stat()
    guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return status.st_size
  }

  /// A line was cut off, by a power cut.
  private static func endsWithinLine(_ file: FileDescriptor) -> Bool {
    guard let size = size(file), size > 0 else { return false }
    var last: UInt8 = 0
    return pread(file.rawValue, &last, 1, size - 1) == 1 && last != UInt8(ascii: "\n")
  }

  /// Gives each file the next number; the last is given up. By one process at a time, and only where `file` still is
  /// the newest: whoever comes second would move the new one, and lose the oldest for nothing.
  ///
  /// - Returns: whether the newest one has to be opened again.
  private func rotate(_ file: FileDescriptor) throws -> Bool {
    guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else { return false }
    guard Files.isOpen(current, as: file) else { return true }
    for number in (1..<settings.logFiles).reversed() where Files.exists(path(number - 1)) {
      try SystemFiles().rename(path(number - 1), to: path(number))
    }
    for number in settings.logFiles..<RecordSettings.filesRange.upperBound {
      _ = Files.remove(path(number))
    }
    try Files.flushDirectory(directory)
    return true
  }
}
