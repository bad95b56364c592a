/// The files of a publication, in the order in which they have to be written, each durable before the next.
///
/// Nobody asks for a file with a version or a hash in its name before the timestamp leads there, so all of them come
/// first; the timestamp is the switch. A new root is seen as soon as it is there. Where the new timestamp and all behind it
/// are signed as the old root wants it too, the root comes last: every client sees all of the old or all of the new,
/// whichever root it has. Where they are not, because a key is lost, the root comes before the timestamp, and who
/// reads between the two is refused and comes again.
public struct FeedPublication: Equatable, Sendable {
  public struct File: Equatable, Sendable {
    /// Below the feed's address.
    public let path: String
    public let bytes: [UInt8]
  }

  public let files: [File]
}

extension FeedDraft {
  /// What has to be written to publish what is staged. The feed that comes of it was read as a client reads it.
  ///
  /// - Parameter read: the feed's files as they are.
  /// - Throws: `nothingStaged`, `signaturesMissing`, and `FeedFailure` for a feed that no client would accept.
  public func publication(_ read: @escaping FeedContent.Reader) throws -> FeedPublication {
    guard !staged.isEmpty else {
      throw PublicationFailure(
        .nothingStaged, "nothing is staged",
        hint: "make a change first, as with 'krux-release feed add'")
    }
    guard try missing().isEmpty else {
      throw PublicationFailure(
        .signaturesMissing, "what is staged is not signed by all who have to",
        hint: "'krux-release feed status' says who; they sign with 'krux-release feed sign'")
    }
    try requireValid()
    var signed = self
    try signed.dropVoidSignatures()
    return try signed.ordered(read)
  }

  /// Metadata that waited too long for their signatures are of no use.
  private func requireValid() throws {
    for name in stagedNames {
      guard let expires = try header(name)?.expires, expires <= now else { continue }
      throw FeedFailure(
        .expired, "the staged \(name.printable) metadata expired at \(expires)",
        hint: "make it anew with 'krux-release feed renew \(name.printable)', and have it signed")
    }
  }

  private func ordered(_ read: @escaping FeedContent.Reader) throws -> FeedPublication {
    let (root, timestamp) = (TUF.RoleName.root, TUF.RoleName.timestamp)
    let hidden = try hiddenFiles()
    let switches = try metadataFile(timestamp, isVersioned: false)
    let roots = try metadataFile(root, isVersioned: true)
    let all = hidden + roots + switches
    let contents = Dictionary(all.map { ($0.path, $0.bytes) }) { $1 }
    let result: FeedContent.Reader = { try contents[$0] ?? read($0) }
    _ = try FeedContent(result)
    let suitsOldRoot = (try? FeedContent(rootLimit: publishedVersion(root), result)) != nil
    let files = hidden + (suitsOldRoot ? switches + roots : roots + switches)
    return FeedPublication(files: files)
  }

  /// What no client asks for before the timestamp has changed.
  private func hiddenFiles() throws -> [FeedPublication.File] {
    var files: [FeedPublication.File] = []
    for name in stagedNames.reversed()
    where ![TUF.RoleName.root, TUF.RoleName.snapshot, TUF.RoleName.timestamp].contains(name) {
      for (path, file) in try targetsRole(name).targets.sorted(by: { $0.key < $1.key }) {
        guard let bytes = stagedFiles[path] else { continue }
        files.append(.init(path: file.location(path), bytes: bytes))
      }
      files += try metadataFile(name, isVersioned: true)
    }
    return files + (try metadataFile(TUF.RoleName.snapshot, isVersioned: true))
  }

  private func metadataFile(
    _ name: String, isVersioned: Bool
  ) throws -> [FeedPublication.File] {
    guard let envelope = staged[name], let version = try header(name)?.version else { return [] }
    let path =
      isVersioned ? FeedContent.versioned(name, version) : FeedContent.metadata(name)
    return [.init(path: path, bytes: envelope.encoded)]
  }
}
