/// A change of a feed in the making: what is published, and what is staged over it, signed by nobody, by some or by all
/// who have to.
///
/// Three kinds of roles are staged on purpose: root, targets, and those of channels. What follows from them is staged by
/// `settle`: roles whose keys have changed, the snapshot, and the timestamp.
public struct FeedDraft: Sendable {
  /// Nil before the first publication.
  public let published: FeedContent?
  /// The machine's clock, or the latest time that was signed before where the clock is a little behind.
  public let now: Timestamp
  /// How long roles are valid, in days, in the place of how long they were before.
  public private(set) var periods: [String: Int64] = [:]
  public internal(set) var staged: [String: TUF.Envelope] = [:]
  /// Files that staged roles vouch for and that are not published, by path.
  public private(set) var stagedFiles: [String: [UInt8]] = [:]

  static let day: Int64 = 86_400
  /// How far this machine's clock may be behind that of the machine before it, in seconds.
  private static let clockTolerance = day

  /// - Parameter staged: as it was left by an earlier command, or by another program.
  /// - Parameter readFile: a file that staged roles vouch for, by its place below the feed's address.
  /// - Parameter isClockRight: even where something was signed after it.
  /// - Throws: `FeedFailure`, `PublicationFailure`: `stale`, `clockBehind`.
  public init(
    published: FeedContent?, staged: [String: TUF.Envelope] = [:], now clock: Timestamp,
    isClockRight: Bool = false, readFile: FeedContent.Reader = { _ in nil }
  ) throws {
    self.published = published
    now = isClockRight ? clock : try FeedDraft.time(clock, after: published?.lastIssued)
    self.staged = staged.filter { published?.envelopes[$0.key]?.signed != $0.value.signed }
    try dropUnknown()
    for name in self.staged.keys where !FeedDraft.isDerived(name) {
      try requireNext(name)
      if name != TUF.RoleName.root { try takeFiles(of: name, readFile) }
    }
  }

  /// A channel that nobody delegates to was left by a command that was cut off.
  private mutating func dropUnknown() throws {
    guard envelope(TUF.RoleName.targets) != nil else { return }
    let known = TUF.RoleName.topLevel + (try channelNames())
    for name in staged.keys where !known.contains(name) { staged[name] = nil }
  }

  private static func time(
    _ clock: Timestamp, after last: Timestamp?
  ) throws(PublicationFailure) -> Timestamp {
    guard let last, last > clock else { return clock }
    guard last.seconds - clock.seconds <= clockTolerance else {
      throw PublicationFailure(
        .clockBehind, "the clock of this machine says \(clock), and the feed was signed at \(last)",
        hint:
          "set the clock: devices take the time of a signature for true; or say --clock-is-right")
    }
    return last
  }

  /// A staged role has to be the next version of what is published.
  private func requireNext(_ name: String) throws {
    let version = try header(name)?.version
    guard version == publishedVersion(name) + 1 else {
      throw PublicationFailure(
        .stale,
        "the staged \(name.printable) metadata has version \(version ?? 0), and version \(publishedVersion(name)) is published",
        hint: "remove it from the feed's folder 'staging' and make the change again")
    }
  }

  private mutating func takeFiles(of name: String, _ read: FeedContent.Reader) throws {
    for (path, file) in try targetsRole(name).targets {
      if let bytes = published?.files[path], file.isOf(bytes) { continue }
      guard let bytes = try read(file.location(path)), file.isOf(bytes) else {
        throw PublicationFailure(
          .stale, "the staged \(name.printable) metadata has no staged file for \(path.printable)",
          hint: "remove it from the feed's folder 'staging' and make the change again")
      }
      stagedFiles[path] = bytes
    }
  }

  // MARK: - What is, staged or published

  static func isDerived(_ name: String) -> Bool {
    name == TUF.RoleName.snapshot || name == TUF.RoleName.timestamp
  }

  public func envelope(_ name: String) -> TUF.Envelope? {
    staged[name] ?? published?.envelopes[name]
  }

  /// - Throws: `unknownRole`, `FeedFailure` for what another program has staged.
  func role<Role: TUF.RoleMetadata>(_ name: String, as type: Role.Type) throws -> Role {
    guard let envelope = envelope(name) else {
      throw PublicationFailure(
        .unknownRole, "the feed has no role '\(name.printable)'",
        hint: "'krux-release feed status' lists the roles")
    }
    return try Role(envelope.signed, role: name)
  }

  public func root() throws -> TUF.RootRole {
    try role(TUF.RoleName.root, as: TUF.RootRole.self)
  }

  /// The top-level one, or that of a channel.
  func targetsRole(_ name: String) throws -> TUF.TargetsRole {
    try role(name, as: TUF.TargetsRole.self)
  }

  public func channelNames() throws -> [String] {
    try targetsRole(TUF.RoleName.targets).channelNames
  }

  /// Version, expiry and time of signing; nil for a role that is not there.
  func header(_ name: String) throws -> TUF.Header? { try any(name)?.header }

  func any(_ name: String) throws -> (any TUF.RoleMetadata)? {
    guard let signed = envelope(name)?.signed else { return nil }
    return try FeedContent.decode(signed, name)
  }

  func publishedVersion(_ name: String) -> Int64 {
    published?.envelopes[name]?.signed["version"]?.integerValue ?? 0
  }

  public func file(_ path: String) -> [UInt8]? { stagedFiles[path] ?? published?.files[path] }

  // MARK: - Staging

  /// How long roles that are staged from now on are valid, in days.
  ///
  /// - Throws: `invalidValue`.
  public mutating func setPeriods(_ periods: [String: Int64]) throws(PublicationFailure) {
    guard periods.values.allSatisfy({ (1...3650).contains($0) }) else {
      throw PublicationFailure(
        .invalidValue, "--expires: a role can be valid for 1 to 3650 days",
        hint: "as in --expires timestamp=7")
    }
    self.periods = periods
  }

  /// - Throws: `unknownRole` for a period of a role that there is not.
  public func requirePeriodsKnown() throws {
    for name in periods.keys.sorted() where try any(name) == nil {
      throw PublicationFailure(
        .unknownRole, "--expires: the feed has no role '\(name.printable)'",
        hint: "root, targets, snapshot, timestamp, or the name of a channel")
    }
  }

  /// Puts the next version of a role, which nobody has signed yet, in the place of what is staged of it.
  mutating func stage(_ name: String, _ role: some TUF.RoleMetadata) throws {
    var next = role
    next.header = TUF.Header(
      version: publishedVersion(name) + 1,
      expires: Timestamp(seconds: now.seconds + (try period(name))))
    next.issued = now
    staged[name] = TUF.Envelope(next)
  }

  /// Seconds: as was said, else as long as before.
  private func period(_ name: String) throws -> Int64 {
    if let days = periods[name] { return days * FeedDraft.day }
    if let role = try any(name), let issued = role.issued, role.header.expires > issued {
      return role.header.expires.seconds - issued.seconds
    }
    return (FeedDraft.defaultPeriods[name] ?? FeedDraft.channelPeriod) * FeedDraft.day
  }

  /// Days.
  public static let channelPeriod: Int64 = 90
  public static let defaultPeriods: [String: Int64] = [
    TUF.RoleName.root: 365, TUF.RoleName.targets: 365, TUF.RoleName.snapshot: 30,
    TUF.RoleName.timestamp: 7,
  ]

  /// The same role again, from now on: a new version with a new expiry.
  ///
  /// - Throws: `unknownRole`.
  public mutating func renew(_ name: String) throws {
    switch name {
    case TUF.RoleName.root: try stage(name, try root())
    case TUF.RoleName.snapshot, TUF.RoleName.timestamp: try renewDerived(name)
    default: try stage(name, try targetsRole(name))
    }
  }

  /// A file that a targets role vouches for from now on.
  mutating func put(_ bytes: [UInt8], at path: String, of name: String) throws {
    var role = try targetsRole(name)
    role.targets[path] = TUF.TargetFile(of: bytes)
    try stage(name, role)
    stagedFiles[path] = published?.files[path] == bytes ? nil : bytes
  }

  mutating func unstage(_ name: String) { staged[name] = nil }
}

extension FeedContent {
  /// A role whose type follows from its name.
  static func decode(
    _ signed: JSONValue, _ name: String
  ) throws(FeedFailure) -> any TUF.RoleMetadata {
    switch name {
    case TUF.RoleName.root: try TUF.RootRole(signed, role: name)
    case TUF.RoleName.snapshot: try TUF.SnapshotRole(signed, role: name)
    case TUF.RoleName.timestamp: try TUF.TimestampRole(signed, role: name)
    default: try TUF.TargetsRole(signed, role: name)
    }
  }

  /// The latest time that any role says it was signed at.
  var lastIssued: Timestamp? {
    let top: [Timestamp?] = [root.issued, timestamp.issued, snapshot.issued, targets.issued]
    return (top + channels.values.map(\.issued)).compactMap(\.self).max()
  }
}
