public import SlotCore
public import SystemPackage

/// The folder of a feed on a publisher's machine: what a web server serves, and what is staged.
///
/// Every file takes the place of an older one in one step and is durable before the next is written.
public struct FeedFolder: Sendable {
  public let path: FilePath
  private let files: any FileSystem

  static let staging = "staging"
  /// Bytes of the largest file that metadata vouch for.
  private static let byteLimit = TUF.Limits.targets

  public init(_ path: FilePath, files: any FileSystem = SystemFiles()) {
    self.path = path
    self.files = files
  }

  /// Names come from metadata that other programs may have staged: none leads out of the folder.
  ///
  /// - Throws: `ioFailed`.
  private func place(_ name: String) throws(FeedFailure) -> FilePath {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { part in
      !["", ".", ".."].contains(part) && String(part).printable == part && part.utf8.count <= 255
    }
    guard isPlain else {
      throw FeedFailure(
        .ioFailed, "the feed's metadata name a file that cannot be: \(name.printable)",
        hint: "choose a name without '..'")
    }
    return path.appending(name)
  }

  /// - Parameter name: below the folder.
  /// - Throws: `ioFailed`.
  public func read(_ name: String) throws(FeedFailure) -> [UInt8]? {
    let path = try place(name)
    do { return try files.read(path, limit: FeedFolder.byteLimit) } catch {
      throw failure("read", path, error)
    }
  }

  func write(_ name: String, _ bytes: [UInt8]) throws(FeedFailure) {
    let path = try place(name)
    do {
      try files.makeDirectory(path.removingLastComponent())
      try files.replace(path, with: bytes)
    } catch { throw failure("write", path, error) }
  }

  func remove(_ name: String) throws(FeedFailure) { _ = files.remove(try place(name)) }

  /// The roles that have a file in the staging folder.
  var stagedRoles: [String] {
    Files.names(in: path.appending(FeedFolder.staging)).filter { $0.hasSuffix(".json") }
      .map { String($0.dropLast(".json".count)) }
  }

  static func staged(_ role: String) -> String { "\(staging)/\(role).json" }

  /// Files below `name`, as names below the folder.
  func names(below name: String) -> [String] {
    let names = Files.names(in: path.appending(name)).map { "\(name)/\($0)" }
    return names.flatMap { name in
      Files.isDirectory(path.appending(name)) ? self.names(below: name) : [name]
    }
  }

  private func failure(_ verb: String, _ path: FilePath, _ error: any Error) -> FeedFailure {
    FeedFailure(
      .ioFailed, "cannot \(verb) \(path.string.printable): \(error)",
      hint: "check the feed's folder, its permissions and the free space",
      systemError: (error as? Errno)?.rawValue)
  }
}
