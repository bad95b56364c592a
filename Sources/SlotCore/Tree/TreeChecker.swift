/// Which entries of an archive become part of a tree: each is looked at before anything of it is written.
///
/// Every folder has to come before what stands in it, so no path leads through a link. The target of a link may go up
/// at its start only, no further than to the root, so no link leads outside, and none through another.
public struct TreeChecker {
  private let content: TreeContent
  private let privileges: [String: TreeContent.Privilege]
  private var folders: Set<String> = [""]
  private var files: Set<String> = []
  private var links: Set<String> = []
  private var hasRoot = false
  private var entries = 0
  private var bytes: UInt64 = 0

  public init(_ content: TreeContent) {
    self.content = content
    privileges = Dictionary(
      content.privileges.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// What to make of `entry`.
  ///
  /// - Throws: why it is refused, and with it the archive.
  public mutating func take(_ entry: TreeEntry) throws(TreeFailure) -> TreeStep {
    entries += 1
    guard entries <= content.entries else {
      throw .refused(.tooManyEntries, "it has more than the \(content.entries) entries announced")
    }
    let path = try TreeChecker.path(entry.path)
    let shown = path.printable
    try insert(path, entry.kind)
    if let attribute = entry.attribute {
      throw .refused(.forbiddenAttribute, "\(shown) has the attribute \(attribute.printable)")
    }
    if entry.isSparse {
      throw .refused(.sparseFile, "\(shown) is stored as a sparse file")
    }
    let kind = try kind(entry.kind, path)
    try checkPrivilege(entry, path, kind)
    return TreeStep(path: path, kind: kind, mode: entry.mode, capability: entry.capability)
  }

  /// After the last entry.
  ///
  /// - Throws: `incompleteTree`.
  public func finish() throws(TreeFailure) {
    guard entries == content.entries, bytes == content.bytes,
      privileges.keys.allSatisfy(files.contains)
    else {
      throw .refused(
        .incompleteTree,
        "it has \(entries) of \(content.entries) entries and \(bytes) of \(content.bytes) bytes"
          + " announced")
    }
  }

  // MARK: - Paths

  static func path(_ bytes: [UInt8]) throws(TreeFailure) -> String {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw .refused(
        .nameNotUnicode,
        "the name '\(String(decoding: bytes, as: UTF8.self).printable)' is not UTF-8")
    }
    guard !text.utf8.starts(with: "/".utf8) else {
      throw .refused(.absolutePath, "\(text.printable) is an absolute path")
    }
    var components = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    if components.last?.isEmpty == true { components.removeLast() }
    if components.first?.elementsEqual(".".utf8) == true { components.removeFirst() }
    try check(components, text)
    return components.map { String($0) ?? "" }.joined(separator: "/")
  }

  private static func check(
    _ components: [Substring.UTF8View], _ text: String
  ) throws(TreeFailure) {
    guard !text.isEmpty else { throw .refused(.malformedArchive, "an entry has no name") }
    if components.contains(where: { $0.elementsEqual("..".utf8) }) {
      throw .refused(.parentPath, "\(text.printable) leads through '..'")
    }
    guard !components.contains(where: { $0.isEmpty || $0.elementsEqual(".".utf8) }) else {
      throw .refused(.malformedArchive, "\(text.printable) is no plain path")
    }
    guard text.utf8.count <= TreeLimits.pathBytes, components.count <= TreeLimits.depth,
      components.allSatisfy({ $0.count <= TreeLimits.componentBytes })
    else { throw .refused(.nameTooLong, "\(text.printable) is too long") }
  }

  /// The path of the folder that `path` stands in.
  private static func folder(of path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
  }

  private mutating func insert(
    _ path: String, _ kind: TreeEntry.Kind
  ) throws(TreeFailure) {
    let isFolder = kind == .folder
    if path.isEmpty {
      guard isFolder, !hasRoot else {
        throw .refused(.duplicateEntry, "the root of the tree stands in it twice")
      }
      hasRoot = true
      return
    }
    guard folders.contains(TreeChecker.folder(of: path)) else {
      throw .refused(.noFolder, "\(path.printable) stands in no folder that came before it")
    }
    guard !folders.contains(path), !files.contains(path), !links.contains(path) else {
      throw .refused(.duplicateEntry, "\(path.printable) stands in it twice")
    }
    switch kind {
    case .folder: folders.insert(path)
    case .file, .hardLink: files.insert(path)
    case .link, .other: links.insert(path)
    }
  }

  // MARK: - Kinds

  private mutating func kind(
    _ kind: TreeEntry.Kind, _ path: String
  ) throws(TreeFailure) -> TreeStep.Kind {
    switch kind {
    case .folder: return .folder
    case .file(let size):
      guard let size = UInt64(exactly: size), size <= content.bytes - bytes else {
        throw .refused(
          .tooManyBytes, "it has more than the \(content.bytes) bytes announced")
      }
      bytes += size
      return .file(size: Int64(size))
    case .link(let target): return .link(target: try TreeChecker.target(target, of: path))
    case .hardLink(let target):
      let other = try TreeChecker.path(target)
      guard files.contains(other), other != path else {
        throw .refused(
          .linkOutside, "\(path.printable) is a link to \(other.printable), which is no file of it")
      }
      return .hardLink(to: other)
    case .other(let what):
      throw .refused(.forbiddenType, "\(path.printable) is \(what)")
    }
  }

  private static func target(
    _ bytes: [UInt8], of path: String
  ) throws(TreeFailure) -> String {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw .refused(.nameNotUnicode, "the target of the link \(path.printable) is not UTF-8")
    }
    let outside = TreeFailure.refused(
      .linkOutside, "the link \(path.printable) leads outside, to '\(text.printable)'")
    guard (1...TreeLimits.linkBytes).contains(text.utf8.count), !text.utf8.starts(with: "/".utf8)
    else { throw outside }
    let parts = text.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    let isUp = parts.map { $0.elementsEqual("..".utf8) }
    let ups = isUp.prefix { $0 }.count
    let depth = path.utf8.count { $0 == UInt8(ascii: "/") }
    guard ups <= depth, !isUp.dropFirst(ups).contains(true) else { throw outside }
    return text
  }

  private func checkPrivilege(
    _ entry: TreeEntry, _ path: String, _ kind: TreeStep.Kind
  ) throws(TreeFailure) {
    if let announced = privileges[path], case .file = kind {
      guard entry.mode == announced.mode, entry.capability == announced.capability else {
        throw .refused(.unannouncedPrivilege, "\(path.printable) has other rights than announced")
      }
      return
    }
    // Of a link the mode means nothing.
    if case .link = kind { return }
    guard entry.mode & 0o7000 == 0, entry.capability.isEmpty else {
      throw .refused(
        .unannouncedPrivilege,
        "\(path.printable) is set-uid, set-gid or sticky or has capabilities, and was not announced"
      )
    }
  }
}
