internal import Glibc
public import SlotCore
public import SystemPackage

public enum LockCode: String, FailureCode {
  public static var domain: FailureDomain { .lock }
  case held
  case ioFailed = "io_failed"
}

public typealias LockFailure = Failure<LockCode>

/// One updater at a time: `flock(2)` on a file that says who holds it. The kernel lets go of it when the
/// process ends, however it ends.
public final class UpdateLock: Sendable {
  private let file: FileDescriptor

  /// - Parameter patience: milliseconds to wait for another one to end.
  /// - Parameter name: what to call another one.
  /// - Throws: `held`, naming the process and its command; `ioFailed`.
  public init(
    directory: FilePath, command: String, patience: Int64 = 0, name: String = "updater"
  ) throws(LockFailure) {
    let path = directory.appending("lock")
    let file: FileDescriptor
    do {
      try Files.makeDirectory(directory)
      file = try FileDescriptor.open(
        path, .readWrite, options: [.create, .closeOnExec],
        permissions: FilePermissions(rawValue: 0o644))
    } catch {
      throw LockFailure(
        .ioFailed, "cannot open the lock \(path): \(error)",
        hint: "run as root, and check the file system",
        systemError: (error as? Errno)?.rawValue)
    }
    if let holder = UpdateLock.lock(file, path, patience) {
      try? file.close()
      throw LockFailure(
        .held, "another \(name) is at work: \(holder)", hint: "wait until it has ended")
    }
    // Only for the message above: a lock without it locks as well.
    _ = ftruncate(file.rawValue, 0)
    self.file = file
    _ = try? file.writeAll("process \(getpid()), \(command)\n".utf8)
  }

  /// Nil when it is locked, else who holds it. flock(2) has no time-out of its own, so it is asked again and again.
  ///
  /// Without a name in the file the holder is just beginning or ending: that is waited for, for a while.
  private static func lock(
    _ file: FileDescriptor, _ path: FilePath, _ patience: Int64
  ) -> String? {
    let end = BootClock.now() + patience
    while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
      let holder = Files.text(path, limit: 4096)?.printable ?? ""
      let now = BootClock.now()
      if now >= end, !holder.isEmpty { return holder }
      if now >= end + 2000 { return "unknown" }
      usleep(patience > 0 ? 50_000 : 10_000)
    }
    return nil
  }

  /// Unlocked as well as closed: a child that is just being started may have a copy of the descriptor.
  deinit {
    _ = ftruncate(file.rawValue, 0)
    _ = flock(file.rawValue, LOCK_UN)
    try? file.close()
  }
}
