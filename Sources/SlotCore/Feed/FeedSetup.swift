/// What a publisher decides once, when a feed is made.
public struct FeedSetup: Sendable {
  /// Keys of one role, and how many of them have to sign.
  public struct Keys: Sendable {
    public var keys: [PublicKey]
    public var threshold: Int64

    public init(_ keys: [PublicKey], threshold: Int64 = 1) {
      self.keys = keys
      self.threshold = threshold
    }
  }

  public struct Channel: Sendable {
    public var name: String
    public var keys: Keys

    public init(name: String, keys: Keys) {
      self.name = name
      self.keys = keys
    }
  }

  public var product: String
  public var root: Keys
  public var targets: Keys
  public var snapshot: Keys
  public var timestamp: Keys
  public var channels: [Channel]

  public init(
    product: String, root: Keys, targets: Keys, snapshot: Keys, timestamp: Keys,
    channels: [Channel]
  ) {
    self.product = product
    self.root = root
    self.targets = targets
    self.snapshot = snapshot
    self.timestamp = timestamp
    self.channels = channels
  }
}

extension FeedDraft {
  /// Stages the first version of everything.
  ///
  /// - Parameter periods: days, by role.
  /// - Throws: `invalidValue`, `tooFewKeys`.
  public init(_ setup: FeedSetup, periods: [String: Int64], now: Timestamp) throws {
    try self.init(published: nil, now: now)
    guard Name.isValid(setup.product) else {
      throw PublicationFailure(
        .invalidValue, "the product '\(setup.product.printable)' is no name",
        hint: "give the product of the bundles: 1 to 64 of letters, digits and . _ + ~ : , -")
    }
    guard !setup.channels.isEmpty else {
      throw PublicationFailure(
        .invalidValue, "a feed needs a channel",
        hint: "give one, as in --channel stable=release.pub")
    }
    try setPeriods(periods)
    try stageRoot(setup)
    let header = TUF.Header(version: 1, expires: now)
    let delegations = TUF.Delegations(keys: [], roles: .named([]))
    try stage(
      TUF.RoleName.targets, TUF.TargetsRole(header, targets: [:], delegations: delegations))
    try put(BundleKeys())
    for channel in setup.channels { try add(channel, product: setup.product) }
    try settle()
    try requirePeriodsKnown()
  }

  private mutating func stageRoot(_ setup: FeedSetup) throws {
    let top = [
      (TUF.RoleName.root, setup.root), (TUF.RoleName.targets, setup.targets),
      (TUF.RoleName.snapshot, setup.snapshot), (TUF.RoleName.timestamp, setup.timestamp),
    ]
    var keys: [TUF.Key] = []
    var roles: [String: TUF.RoleKeys] = [:]
    for (name, own) in top {
      roles[name] = try own.roleKeys(name)
      keys += own.tufKeys
    }
    try stage(
      TUF.RoleName.root,
      TUF.RootRole(TUF.Header(version: 1, expires: now), keys: keys, roles: roles))
  }

  /// Adds an empty channel.
  ///
  /// - Throws: `invalidValue`, `tooFewKeys`.
  public mutating func add(_ channel: FeedSetup.Channel, product: String) throws {
    var targets = try targetsRole(TUF.RoleName.targets)
    guard FeedDraft.isChannelName(channel.name), !targets.channelNames.contains(channel.name)
    else {
      throw PublicationFailure(
        .invalidValue, "there cannot be a channel '\(channel.name.printable)', or there is one",
        hint: "1 to 64 of a-z A-Z 0-9 . _ -, a letter first, and no name of another role")
    }
    let role = TUF.DelegatedRole(
      name: channel.name, keys: try channel.keys.roleKeys(channel.name),
      paths: .patterns([ReleaseIndex.target(of: channel.name)]), isTerminating: true)
    var delegations =
      targets.delegations ?? TUF.Delegations(keys: [], roles: .named([]))
    guard case .named(let roles) = delegations.roles else {
      throw FeedFailure.malformed(TUF.RoleName.targets, "it has hash bins")
    }
    delegations.roles = .named(roles + [role])
    for key in channel.keys.tufKeys { delegations.keys[key.id] = key }
    targets.delegations = delegations
    try stage(TUF.RoleName.targets, targets)
    let empty = TUF.TargetsRole(TUF.Header(version: 1, expires: now), targets: [:])
    try stage(channel.name, empty)
    try put(ReleaseIndex(channel: channel.name, product: product, issued: now))
  }

  /// The product that the feed is for.
  public func product() throws -> String {
    guard let name = try channelNames().first else {
      throw PublicationFailure(
        .unknownChannel, "the feed has no channel",
        hint: "make a new feed with 'krux-release feed init'")
    }
    return try index(of: name).product
  }

  /// The name is part of the names of files and addresses as it is, and must not be that of another file.
  private static func isChannelName(_ name: String) -> Bool {
    let isLetter: (UInt8) -> Bool = { (0x61...0x7A).contains($0 | 0x20) }
    guard (1...64).contains(name.utf8.count), name.utf8.first.map(isLetter) ?? false,
      !TUF.RoleName.topLevel.contains(name)
    else { return false }
    return name.utf8.allSatisfy { byte in
      isLetter(byte) || (0x30...0x39).contains(byte) || "._-".utf8.contains(byte)
    }
  }
}

extension FeedSetup.Keys {
  fileprivate var tufKeys: [TUF.Key] { keys.map { TUF.Key(ed25519: $0.key) } }

  /// - Throws: `tooFewKeys`, `keyExists`.
  fileprivate func roleKeys(_ name: String) throws(PublicationFailure) -> TUF.RoleKeys {
    let ids = tufKeys.map(\.id)
    guard Set(ids).count == ids.count else {
      throw PublicationFailure(
        .keyExists, "a key of \(name.printable) is given twice",
        hint: "each key counts once: give different ones")
    }
    let keys = TUF.RoleKeys(keyIDs: ids, threshold: threshold)
    try keys.requireEnough(name)
    return keys
  }
}

extension TUF.RoleKeys {
  /// - Throws: `tooFewKeys` where nobody could ever sign, or anybody.
  func requireEnough(_ name: String) throws(PublicationFailure) {
    guard threshold >= 1, threshold <= keyIDs.count else {
      throw PublicationFailure(
        .tooFewKeys,
        "\(name.printable) would have \(keyIDs.count) keys and need the signatures of \(threshold)",
        hint: "give as many keys as have to sign, or more, and at least one")
    }
  }
}
