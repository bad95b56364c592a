internal import SlotCore
internal import SystemPackage

/// The directory with a feed's trusted metadata, each role byte for byte as it came, under its name without a version.
struct FeedStore {
  let directory: FilePath
  /// Where every root that was trusted is kept as well, by its version; nil for nowhere.
  private let roots: FilePath?
  private let files: any FileSystem

  init(_ directory: FilePath, roots: FilePath? = nil, files: any FileSystem = SystemFiles()) {
    self.directory = directory
    self.roots = roots
    self.files = files
  }

  private func path(_ role: String) -> FilePath {
    directory.appending("\(PercentEncoding.component(role)).json")
  }

  /// The root of trust.
  ///
  /// - Throws: `noRoot`, `ioFailed`.
  func root() throws(FeedFailure) -> [UInt8] {
    let path = path(TUF.RoleName.root)
    let bytes: [UInt8]?
    do { bytes = try files.read(path, limit: TUF.Limits.root) } catch {
      throw FeedStore.failure("read", path, error)
    }
    guard let bytes else {
      throw FeedFailure(
        .noRoot, "there is no root of trust in \(directory.string.printable)",
        hint: "bring one that you trust with 'krux-update feed init'")
    }
    return bytes
  }

  /// What is stored of a role; nil when that cannot be read: it is fetched anew then.
  func stored(_ role: String, limit: Int) -> [UInt8]? { try? files.read(path(role), limit: limit) }

  /// Puts verified metadata in the place of what is there, at once or not at all.
  ///
  /// - Throws: `ioFailed`.
  func keep(_ role: String, _ bytes: [UInt8]) throws(FeedFailure) {
    do { try files.replace(path(role), with: bytes) } catch {
      throw FeedStore.failure("write", path(role), error)
    }
  }

  /// Makes a verified root the trusted one.
  ///
  /// - Throws: `ioFailed`.
  func keep(root bytes: [UInt8], version: Int64) throws(FeedFailure) {
    if let roots {
      let path = roots.appending("\(version).root.json")
      do {
        try files.makeDirectory(roots)
        try files.replace(path, with: bytes)
      } catch { throw FeedStore.failure("write", path, error) }
    }
    try keep(TUF.RoleName.root, bytes)
  }

  /// A root that was trusted once; nil where it was not, or cannot be read.
  func trustedRoot(version: Int64) -> [UInt8]? {
    roots.flatMap {
      try? files.read($0.appending("\(version).root.json"), limit: TUF.Limits.root)
    }
  }

  /// Takes stored metadata away for good.
  ///
  /// - Throws: `ioFailed`.
  func forget(_ roles: [String]) throws(FeedFailure) {
    let removed = roles.filter { files.remove(path($0)) }
    guard !removed.isEmpty else { return }
    do { try files.flushDirectory(directory) } catch {
      throw FeedStore.failure("write", directory, error)
    }
  }

  private static func failure(
    _ verb: String, _ path: FilePath, _ error: any Error
  ) -> FeedFailure {
    FeedFailure(
      .ioFailed, "cannot \(verb) \(path.string.printable): \(error)",
      hint: "check the directory, its permissions and the free space",
      systemError: (error as? Errno)?.rawValue)
  }
}
