public import SlotCore
public import SystemPackage

/// One publisher at work on the folder of a feed.
///
/// A change is kept in `staging` with the signatures that there are, until all who have to have signed; then it is
/// published. Whatever stops a command, the feed is whole, and the same command or `publish` goes on.
public final class FeedPublisher {
  /// What became of a change.
  public struct Outcome: Sendable {
    public let isPublished: Bool
    /// The new versions.
    public let versions: [(role: String, version: Int64)]
    /// Empty when it is published, or could be.
    public let missing: [MissingSignatures]
    /// Roles that clients refuse by now or soon, by when.
    public let expiring: [(role: String, expires: Timestamp)]
  }

  public let folder: FeedFolder
  public var draft: FeedDraft
  private let lock: UpdateLock

  /// - Parameter command: to be named to a second one that finds the feed locked.
  /// - Parameter isClockRight: even where something was signed after it.
  /// - Throws: `LockFailure`, `FeedFailure`, `PublicationFailure`.
  public init(
    _ directory: FilePath, command: String, now: Timestamp, isClockRight: Bool = false,
    files: any FileSystem = SystemFiles()
  ) throws {
    folder = FeedFolder(directory, files: files)
    try FeedPublisher.requireFeed(folder)
    lock = try UpdateLock(directory: directory, command: command, name: "publisher")
    draft = try FeedPublisher.load(folder, now, isClockRight)
  }

  /// A new feed, in a folder that has none.
  ///
  /// - Throws: `feedExists`, and what `FeedDraft` refuses.
  public init(
    creating setup: FeedSetup, periods: [String: Int64], in directory: FilePath, now: Timestamp,
    files: any FileSystem = SystemFiles()
  ) throws {
    draft = try FeedDraft(setup, periods: periods, now: now)
    folder = FeedFolder(directory, files: files)
    lock = try UpdateLock(directory: directory, command: "feed init", name: "publisher")
    guard !Files.exists(directory.appending("metadata")), folder.stagedRoles.isEmpty else {
      throw PublicationFailure(
        .feedExists, "there is a feed in \(directory.string.printable) already",
        hint: "choose another folder, or remove 'metadata' and 'staging' of this one")
    }
  }

  /// What there is to say of a feed, for whoever only looks.
  ///
  /// - Throws: `FeedFailure`, `PublicationFailure`.
  public static func status(of directory: FilePath, now: Timestamp) throws -> FeedStatus {
    let folder = FeedFolder(directory)
    try requireFeed(folder)
    var draft = try load(folder, now, true)
    if !draft.staged.isEmpty { try draft.settle() }
    return try draft.status()
  }

  private static func requireFeed(_ folder: FeedFolder) throws(FeedFailure) {
    guard Files.exists(folder.path.appending("metadata")) || !folder.stagedRoles.isEmpty else {
      throw FeedFailure(
        .noFeed, "there is no feed in \(folder.path.string.printable)",
        hint: "make one with 'krux-release feed init'")
    }
  }

  private static func load(
    _ folder: FeedFolder, _ now: Timestamp, _ isClockRight: Bool
  ) throws -> FeedDraft {
    let read: FeedContent.Reader = { try folder.read($0) }
    let published = try published(folder)
    var staged: [String: TUF.Envelope] = [:]
    for role in folder.stagedRoles {
      guard let bytes = try folder.read(FeedFolder.staged(role)) else { continue }
      staged[role] = try TUF.Envelope(decoding: bytes, of: role, limit: TUF.Limits.targets)
    }
    return try FeedDraft(
      published: published, staged: staged, now: now, isClockRight: isClockRight
    ) {
      try read("\(FeedFolder.staging)/\($0)")
    }
  }

  /// Nil before the first publication, or where that was cut off before anybody could see it.
  private static func published(_ folder: FeedFolder) throws -> FeedContent? {
    guard try folder.read(FeedContent.metadata("timestamp")) != nil else { return nil }
    return try FeedContent(orTorn: { try folder.read($0) })
  }

  // MARK: - Ending a command

  /// Signs what is staged, keeps it, and publishes it when it is complete.
  ///
  /// - Parameter publishing: false leaves it staged in any case.
  /// - Throws: what `FeedDraft.publication` refuses; nothing is written then.
  public func finish(signing keys: [SecretKey], publishing: Bool) throws -> Outcome {
    try draft.requirePeriodsKnown()
    try draft.settle()
    try draft.sign(with: keys)
    let missing = try draft.missing()
    let isComplete = publishing && missing.isEmpty
    let publication = isComplete ? try draft.publication { try self.folder.read($0) } : nil
    let outcome = Outcome(
      isPublished: isComplete, versions: try draft.stagedVersions(), missing: missing,
      expiring: try draft.expiring())
    try save()
    if let publication {
      try write(publication)
      try clear()
    }
    return outcome
  }

  /// Adds signatures.
  ///
  /// - Throws: `unknownKey` for a key that may sign nothing of what is staged.
  public func sign(
    with keys: [SecretKey], roles: [String]?, publishing: Bool
  ) throws -> Outcome {
    try draft.settle()
    for (key, signed) in try draft.sign(with: keys, roles: roles) where signed.isEmpty {
      throw PublicationFailure(
        .unknownKey,
        "the key \(TUF.Key(ed25519: key.publicKey.key).id.prefix(8)) signs for nothing of what is staged",
        hint: "'krux-release feed status' says which keys are missing")
    }
    return try finish(signing: [], publishing: publishing)
  }

  /// Publishes what is staged, or says why it cannot be.
  public func publish(signing keys: [SecretKey]) throws -> Outcome {
    if draft.staged.isEmpty, !folder.stagedRoles.isEmpty {
      // Cut off after the last file: only what is left of the staging has to go.
      try clear()
      return Outcome(
        isPublished: true, versions: [], missing: [], expiring: try draft.expiring())
    }
    try draft.settle()
    try draft.sign(with: keys)
    _ = try draft.publication { try self.folder.read($0) }
    return try finish(signing: [], publishing: true)
  }

  /// A new timestamp, and a new snapshot if asked for, published at once and beside what is staged.
  ///
  /// - Throws: `signaturesMissing`, `stale` for a publication that was cut off.
  public func refresh(snapshot: Bool, signing keys: [SecretKey]) throws -> Outcome {
    guard draft.published?.isTorn == false else {
      throw PublicationFailure(
        .stale, "the feed is not published, or not to the end",
        hint: "publish what is staged with 'krux-release feed publish'")
    }
    var fresh = try draft.inForce()
    try fresh.setPeriods(draft.periods)
    try fresh.requirePeriodsKnown()
    if snapshot { try fresh.renew("snapshot") }
    try fresh.renew("timestamp")
    try fresh.sign(with: keys)
    try write(try fresh.publication { try self.folder.read($0) })
    return Outcome(
      isPublished: true, versions: try fresh.stagedVersions(), missing: [],
      expiring: try fresh.expiring())
  }

  // MARK: - Files

  /// What others lead to comes before them: a channel that no targets role delegates to is as if it were not there.
  private func save() throws {
    let places = try draft.stagedPlaces()
    for (place, bytes) in places.sorted(by: { $0.key < $1.key }) {
      try folder.write("\(FeedFolder.staging)/\(place)", bytes)
    }
    for role in draft.stagedNames.sorted(by: { FeedPublisher.rank($0) < FeedPublisher.rank($1) }) {
      guard let envelope = draft.staged[role] else { continue }
      try folder.write(FeedFolder.staged(role), envelope.encoded)
    }
    for role in folder.stagedRoles where draft.staged[role] == nil {
      try folder.remove(FeedFolder.staged(role))
    }
    for name in folder.names(below: "\(FeedFolder.staging)/targets") {
      let place = String(name.dropFirst(FeedFolder.staging.count + 1))
      if places[place] == nil { try folder.remove(name) }
    }
  }

  private static func rank(_ role: String) -> Int {
    switch role {
    case TUF.RoleName.targets: 1
    case TUF.RoleName.root: 2
    case TUF.RoleName.snapshot, TUF.RoleName.timestamp: 3
    default: 0
    }
  }

  private func write(_ publication: FeedPublication) throws {
    for file in publication.files { try folder.write(file.path, file.bytes) }
  }

  private func clear() throws {
    for role in folder.stagedRoles { try folder.remove(FeedFolder.staged(role)) }
    for name in folder.names(below: "\(FeedFolder.staging)/targets") { try folder.remove(name) }
  }
}
