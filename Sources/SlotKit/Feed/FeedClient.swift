internal import Glibc
public import SlotCore
public import SystemPackage

/// A feed on The Update Framework: keeps a directory of its trusted metadata up to date, and fetches targets.
public struct FeedClient {
  /// What a refresh ends with.
  public struct Versions: Equatable, Sendable {
    public let root: Int64
    public let timestamp: Int64
    public let snapshot: Int64
    public let targets: Int64
  }

  public struct Target: Equatable, Sendable {
    public let path: String
    public let file: FilePath
    public let length: Int64
    /// False when it was there already.
    public let isFetched: Bool
  }

  private let source: any FeedSource
  private let cancellation: Cancellation
  private var workflow: FeedWorkflow
  /// One client at a time in a directory, so that what is kept belongs together.
  private let lock: UpdateLock

  /// Begins with the root of trust in `directory`. Asks for nothing.
  ///
  /// - Parameters:
  ///   - metadataURL: an address of http or https, below which the metadata lies.
  ///   - command: for whoever finds the directory locked.
  /// - Throws: `FeedFailure`, `LockFailure`.
  public init(
    directory: FilePath, metadataURL: String, _ configuration: Configuration,
    command: String, _ cancellation: Cancellation = Cancellation()
  ) throws {
    let source = HTTPFeedSource(
      options: HTTPOptions(configuration), cancellation: cancellation)
    let store = FeedStore(directory)
    // Without one there is nothing to lock.
    _ = try store.root()
    lock = try UpdateLock(directory: directory, command: command)
    workflow = try FeedWorkflow(
      store, source, base: FeedClient.folder(metadataURL),
      now: Timestamp(seconds: Int64(time(nil))))
    self.source = source
    self.cancellation = cancellation
  }

  /// Makes `root` the root of trust in `directory`, byte for byte. What is there of a feed is judged by it from then on.
  ///
  /// - Throws: `FeedFailure` where it is no root that its own keys have signed, `LockFailure`.
  public static func initialise(root: [UInt8], directory: FilePath) throws {
    _ = try TrustedMetadata(root: root, now: nil)
    let lock = try UpdateLock(directory: directory, command: "feed init")
    defer { withExtendedLifetime(lock) {} }
    try FeedStore(directory).keep(TUF.RoleName.root, root)
  }

  /// The bytes of a root that somebody brings.
  ///
  /// - Throws: `SourceFailure`.
  public static func root(_ path: FilePath) throws(SourceFailure) -> [UInt8] {
    do {
      guard let bytes = try Files.read(path, limit: TUF.Limits.root) else {
        throw Errno.noSuchFileOrDirectory
      }
      return bytes
    } catch { throw .cannotOpen(path, error) }
  }

  private static func folder(_ url: String) -> String { url.hasSuffix("/") ? url : url + "/" }

  /// Brings the top-level roles up to date.
  ///
  /// - Throws: `FeedFailure`, `SourceFailure`, `CancellationFailure`.
  public mutating func refresh() throws -> Versions {
    try workflow.refresh()
    let trusted = workflow.trusted
    return Versions(
      root: trusted.root.header.version, timestamp: trusted.timestamp?.header.version ?? 0,
      snapshot: trusted.snapshot?.header.version ?? 0, targets: workflow.targetsVersion ?? 0)
  }

  /// Brings one target into `directory`, unless it is there and right. After `refresh`.
  ///
  /// - Parameter baseURL: below it the targets lie.
  /// - Throws: `FeedFailure`, `SourceFailure`, `OutputFailure`, `RequestFailure`, `CancellationFailure`.
  public func fetch(_ path: String, from baseURL: String, into directory: FilePath) throws -> Target
  {
    let file = try workflow.target(path)
    let download = try TargetDownload(path, file, into: directory)
    let isThere = try download.isThere(cancellation)
    if !isThere {
      do { try Files.makeDirectory(directory) } catch {
        throw OutputFailure.cannotWrite(directory, error)
      }
      try download.fetch(
        download.address(
          below: FeedClient.folder(baseURL), hashed: workflow.trusted.root.consistentSnapshot),
        source)
    }
    return Target(
      path: path, file: download.destination, length: file.length, isFetched: !isThere)
  }
}
