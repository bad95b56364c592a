internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// The folder of services: the trees `NAME-VERSION`, and for each service `NAME/current`, which leads to one of them.
///
/// A name without a dot in front is a whole tree that was flushed and read back. Wherever the power is cut, `current`
/// leads to such a tree: it is only ever replaced by one rename(2).
struct ServiceFolder: Sendable {
  /// What has been done, in this order for each tree: a test may cut the power behind any of it.
  enum Step: String, Sendable, CaseIterable {
    case unpacked, flushed, proved, displaced, named, nameFlushed, linkMade, linkSwapped,
      linkFlushed
  }

  let path: FilePath
  /// Called behind each step.
  var after: @Sendable (Step) throws -> Void = { _ in }

  init(_ path: FilePath) { self.path = path }

  func tree(_ service: String, _ version: String) -> FilePath {
    path.appending(ServiceName.folder(service, version))
  }

  private func link(_ service: String) -> FilePath {
    path.appending(service).appending("current")
  }

  private func hidden(_ service: String, _ version: String, _ suffix: String) -> String {
    ".\(ServiceName.folder(service, version)).\(suffix)"
  }

  // MARK: - What is there

  /// The version that `current` leads to; nil when there is none, or its tree is gone.
  func linked(_ service: String) -> String? {
    guard let folder = try? TreeFiles.Folder(path.appending(service)),
      let target = try? folder.target(ofLink: "current")
    else { return nil }
    let text = String(decoding: target, as: UTF8.self)
    guard text.hasPrefix("../"), let parts = ServiceName.parts(ofFolder: String(text.dropFirst(3))),
      parts.service == service, Files.isDirectory(tree(service, parts.version))
    else { return nil }
    return parts.version
  }

  /// The versions of a service whose trees are there, and since when each has its name.
  func versions(_ service: String) -> [String: Timestamp] {
    guard let folder = try? TreeFiles.Folder(path), let names = try? folder.names() else {
      return [:]
    }
    var versions: [String: Timestamp] = [:]
    for name in names {
      guard let parts = ServiceName.parts(ofFolder: name), parts.service == service,
        let status = try? folder.status(name), status.st_mode & S_IFMT == S_IFDIR
      else { continue }
      versions[parts.version] = Timestamp(seconds: folder.changedAt(name))
    }
    return versions
  }

  // MARK: - Making a tree

  /// Removes what an interruption has left.
  func clean() throws(ServiceFailure) {
    guard Files.exists(path) else { return }
    do {
      let folder = try TreeFiles.Folder(path)
      for name in try folder.names() where ServiceFolder.isHidden(name) {
        try TreeFiles.remove(name, in: folder)
      }
    } catch { throw .io("clean", path, error) }
  }

  private static func isHidden(_ name: String) -> Bool {
    guard name.hasPrefix("."), let suffix = [".partial", ".removed"].first(where: name.hasSuffix)
    else { return false }
    return ServiceName.parts(ofFolder: String(name.dropFirst().dropLast(suffix.count))) != nil
  }

  /// An empty folder that only its owner can enter, with room for what comes.
  ///
  /// - Throws: `noSpace`, `ioFailed`.
  func makePartial(
    _ service: String, _ version: String, _ content: TreeContent
  ) throws(ServiceFailure) -> FilePath {
    let partial = path.appending(hidden(service, version, "partial"))
    do {
      try Files.makeDirectory(path)
      let folder = try TreeFiles.Folder(path)
      try TreeFiles.remove(hidden(service, version, "partial"), in: folder)
      try requireSpace(folder, content)
      try Files.makeDirectory(partial, mode: 0o700)
    } catch { throw .io("write below", path, error) }
    return partial
  }

  private func requireSpace(_ folder: TreeFiles.Folder, _ content: TreeContent) throws {
    var status = statvfs()
    try Files.check(fstatvfs(folder.descriptor, &status))
    let block = UInt64(max(1, status.f_frsize))
    // Each file's last block, and one for its name and the like.
    let needed = content.bytes / block + 2 * UInt64(content.entries)
    // A file system without a number of files of its own says 0.
    let hasFiles = status.f_files == 0 || status.f_favail > UInt(content.entries)
    guard UInt64(status.f_bavail) > needed, hasFiles else { throw Errno.noSpace }
  }

  /// What is written in the file system of `partial` is on the medium: syncfs(2).
  func flush(_ partial: FilePath) throws {
    let folder = try TreeFiles.Folder(partial)
    try Files.check(fchmod(folder.descriptor, 0o755))
    try Files.check(klinux_sync_file_system(folder.descriptor))
    try after(.flushed)
  }

  /// Gives a proved tree its name. One that has the name already, and that nobody runs from, is removed.
  func publish(_ service: String, _ version: String) throws {
    let tree = tree(service, version)
    let files = SystemFiles()
    let removed = hidden(service, version, "removed")
    if Files.exists(tree) {
      try files.rename(tree, to: path.appending(removed))
      try after(.displaced)
    }
    try files.rename(path.appending(hidden(service, version, "partial")), to: tree)
    try after(.named)
    try files.flushDirectory(path)
    try after(.nameFlushed)
    try TreeFiles.remove(removed, in: try TreeFiles.Folder(path))
  }

  // MARK: - The switch

  /// Lets `current` lead to the tree of `version`, by one rename(2); without a version it is removed.
  ///
  /// - Throws: `ioFailed`: then it leads where it did, or to `version`.
  func swap(_ service: String, to version: String?) throws {
    let folder = path.appending(service)
    let link = link(service)
    let files = SystemFiles()
    guard let version else {
      _ = files.remove(link)
      return try files.flushDirectory(folder)
    }
    if !Files.exists(folder) {
      try files.makeDirectory(folder)
      try files.flushDirectory(path)
    }
    let new = folder.appending(".current.new")
    _ = files.remove(new)
    let target = "../\(ServiceName.folder(service, version))"
    try Files.check(new.withPlatformString { symlink(target, $0) })
    try after(.linkMade)
    try files.rename(new, to: link)
    try after(.linkSwapped)
    try files.flushDirectory(folder)
    try after(.linkFlushed)
  }

  /// Removes the tree of a version: its name first, on the medium too, so that none is ever there in part.
  func remove(_ service: String, _ version: String) throws {
    let removed = hidden(service, version, "removed")
    let files = SystemFiles()
    try files.rename(tree(service, version), to: path.appending(removed))
    try files.flushDirectory(path)
    try TreeFiles.remove(removed, in: try TreeFiles.Folder(path))
  }
}

extension Failure where Code == ServiceCode {
  static func io(_ verb: String, _ path: FilePath, _ error: any Error) -> ServiceFailure {
    let errno = error as? Errno
    let isFull = errno == .noSpace || errno == .diskQuotaExceeded
    return ServiceFailure(
      isFull ? .noSpace : .ioFailed,
      isFull
        ? "there is no room for the service's tree in \(path)" : "cannot \(verb) \(path): \(error)",
      hint: isFull
        ? "free space there, or run 'krux-update services purge', then run the command again"
        : "check the file system; services run from the trees that they had",
      systemError: errno?.rawValue)
  }
}
