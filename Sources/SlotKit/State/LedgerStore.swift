internal import Glibc
public import SlotCore
internal import Synchronization
public import SystemPackage

/// The ledger as the outside world keeps it.
public protocol LedgerStoring: Sendable {
  /// - Throws: `ioFailed` only: what cannot be parsed is reported in the result.
  func load() throws(LedgerFailure) -> LoadedLedger
  /// - Returns: the ledger as written, one generation on.
  func save(_ ledger: Ledger) throws(LedgerFailure) -> Ledger
  /// Before anything is given up for an install: is there room for its entries?
  ///
  /// - Throws: `noSpace`.
  func requireReserve() throws(LedgerFailure)
}

public struct LoadedLedger: Equatable, Sendable {
  public enum Origin: Equatable, Sendable {
    case current
    /// There is none: a new device, or a lost data partition.
    case none
    /// The newest does not parse, for the reason given, and the one before it was taken.
    case previous(String)
    /// Neither parses.
    case lost(String)
  }

  public var ledger: Ledger
  public var origin: Origin

  public init(ledger: Ledger, origin: Origin) {
    self.ledger = ledger
    self.origin = origin
  }
}

/// `ledger.json` on the data partition, the one before it, and room for the next.
public struct LedgerStore: LedgerStoring {
  static let limit = 1 << 20
  /// What is kept free for the entries of one install on a full disk.
  static let reservedBytes = 256 << 10
  static let readAttempts = 3

  public let directory: FilePath
  /// What has to be mounted: without it the directory, if there is one, is not the one meant.
  private let mount: FilePath?
  private let files: any FileSystem

  public init(
    directory: FilePath, mount: FilePath? = nil, files: any FileSystem = SystemFiles()
  ) {
    self.directory = directory
    self.mount = mount
    self.files = files
  }

  /// - Throws: `ioFailed`.
  private func requireMount() throws(LedgerFailure) {
    guard let mount, !Mounts.isMountPoint(mount) else { return }
    throw LedgerFailure(
      .ioFailed, "the data partition is not mounted at \(mount)",
      hint: "mount it, or correct 'data-mount' in update.toml")
  }

  private var current: FilePath { directory.appending("ledger.json") }
  private var previous: FilePath { directory.appending("ledger.previous.json") }
  private var reserve: FilePath { directory.appending("ledger.reserve") }

  public func load() throws(LedgerFailure) -> LoadedLedger {
    try requireMount()
    let newest = try read(current)
    if case .success(let ledger) = newest { return LoadedLedger(ledger: ledger, origin: .current) }
    let before = try read(previous)
    switch (newest, before) {
    case (nil, nil): return LoadedLedger(ledger: Ledger(), origin: .none)
    case (.failure(let reason), .success(let ledger)):
      return LoadedLedger(ledger: ledger, origin: .previous(reason.message))
    case (nil, .success(let ledger)):
      return LoadedLedger(ledger: ledger, origin: .previous("the ledger is missing"))
    case (.failure(let reason), _):
      return LoadedLedger(ledger: Ledger(), origin: .lost(reason.message))
    case (_, .failure(let reason)):
      return LoadedLedger(ledger: Ledger(), origin: .lost(reason.message))
    case (.success(let ledger), _): return LoadedLedger(ledger: ledger, origin: .current)
    }
  }

  private func read(_ path: FilePath) throws(LedgerFailure) -> Result<Ledger, LedgerFailure>? {
    let bytes: [UInt8]?
    do { bytes = try contents(path) } catch Errno.fileTooLarge {
      return .failure(LedgerFailure(.damaged, "the ledger is damaged: it is too long"))
    } catch Errno.ioError {
      // A sector that has rotted must not refuse every update from now on: the next save makes a new file.
      return .failure(LedgerFailure(.damaged, "the ledger is damaged: it cannot be read"))
    } catch {
      throw ioFailure("read", error)
    }
    guard let bytes else { return nil }
    do { return .success(try Ledger(decoding: bytes)) } catch { return .failure(error) }
  }

  /// What a cable or a controller failed once may succeed the next time, and a ledger that is given up is history lost.
  private func contents(_ path: FilePath) throws -> [UInt8]? {
    for _ in 1..<LedgerStore.readAttempts {
      do { return try files.read(path, limit: LedgerStore.limit) } catch Errno.ioError { continue }
    }
    return try files.read(path, limit: LedgerStore.limit)
  }

  public func save(_ ledger: Ledger) throws(LedgerFailure) -> Ledger {
    try requireMount()
    let bytes = ledger.encoded()
    // A save that was given up on because the disk hangs may still be under way.
    return try LedgerStore.writing.withLock { _ throws(LedgerFailure) in try write(bytes) }
  }

  private static let writing = Mutex<Void>(())

  private func write(_ bytes: [UInt8]) throws(LedgerFailure) -> Ledger {
    // A damaged one must not take the place of the one before it.
    let kept = if case .success = try? read(current) { previous } else { nil as FilePath? }
    do {
      try files.makeDirectory(directory)
      do {
        try files.replace(current, with: bytes, previous: kept)
      } catch Errno.noSpace where files.remove(reserve) {
        try files.replace(current, with: bytes, previous: kept)
      }
    } catch {
      throw ioFailure("write", error)
    }
    refillReserve()
    return try Ledger(decoding: bytes)
  }

  public func requireReserve() throws(LedgerFailure) {
    // The directory may be gone with all that was in it.
    do { try files.makeDirectory(directory) } catch { throw ioFailure("write", error) }
    guard refillReserve() else {
      throw LedgerFailure(
        .noSpace, "no space left in \(directory) for the record of an install",
        hint: "free at least 1 MiB there and run the command again", systemError: ENOSPC)
    }
  }

  @discardableResult
  private func refillReserve() -> Bool {
    do { try files.reserve(reserve, byteCount: LedgerStore.reservedBytes) } catch { return false }
    return true
  }

  private func ioFailure(_ verb: String, _ error: any Error) -> LedgerFailure {
    let errno = error as? Errno
    return LedgerFailure(
      errno == .noSpace ? .noSpace : .ioFailed,
      "cannot \(verb) the ledger in \(directory): \(error)",
      hint: "check the data partition: it has to be mounted, writable and not full",
      systemError: errno?.rawValue)
  }
}
