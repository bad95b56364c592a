public import SlotCore

/// What the feed has for this device.
public struct FeedCheck: Sendable {
  public let channel: String
  public let pin: String?
  /// Of what runs.
  public let version: String?
  public let sequence: Int64?
  public let choice: ReleaseChoice
  /// When the channel's index was made.
  public let issued: Timestamp
  /// What waiting times are counted from.
  public let now: Timestamp
  /// Why this is what the feed said last, and not what it says now.
  public let unreachable: SourceFailure?
  /// Since when it cannot be reached.
  public let unreachableSince: Timestamp?
  public let warnings: [String]
}

/// Which release of the feed an operator wants.
public enum FeedRequest: Equatable, Sendable {
  /// The newest that this device may take; with `now` ahead of its rollout.
  case newest(now: Bool)
  case version(String)
}

/// A release that the feed offers, and where its bundle is.
public struct FeedOffer: Equatable, Sendable {
  public let release: Release
  public let source: BundleSource
}

extension Updater {
  /// By the image's build time; what the feed's metadata prove is added where they are judged.
  var feedClock: FeedClock {
    FeedClock(system: context.now, floor: identity.created ?? Timestamp(seconds: 0))
  }

  /// Where the clock is known to be wrong, every certificate is "not yet valid": then the server is not authenticated. What
  /// it sends is, by the feed's signatures.
  var feedConfiguration: Configuration {
    var configuration = configuration
    configuration.checksCertificates = !feedClock.isBehind
    return configuration
  }

  var feedSettings: FeedSettingsStore { FeedSettingsStore(directory: layout.stateDirectory) }

  static let defaultChannel = "stable"

  /// The channel that this device follows.
  ///
  /// - Throws: `FeedFailure`.
  public func channel() throws -> String {
    channel(try feedSettings.load())
  }

  /// Follows another channel, which the feed has to have.
  ///
  /// - Throws: `FeedFailure`, `SourceFailure` where the feed cannot be asked.
  public func follow(channel: String) throws {
    guard Name.isValid(channel) else {
      throw FeedFailure(
        .unknownChannel, "'\(channel.printable)' is no name of a channel",
        hint: "use letters, digits and . _ -")
    }
    try reportingFailure(isCheck: true) {
      let content = try DeviceFeed(self).refresh(channel)
      if let failure = content.unreachable { throw failure }
    }
    // Settings that cannot be read are what this command is to put right.
    var settings = (try? feedSettings.load()) ?? FeedSettings()
    settings.channel = channel
    try feedSettings.save(settings)
    recorder.record(RecordEvent(.channelChanged, reason: channel))
  }

  /// Keeps the device at `version`, or lets it follow its channel again.
  ///
  /// - Throws: `FeedFailure`.
  public func pin(_ version: String?) throws {
    if let version, !Name.isValid(version) {
      throw FeedFailure(
        .unknownRelease, "'\(version.printable)' is no version",
        hint: "use letters, digits and . _ + ~ : , -")
    }
    var settings = (try? feedSettings.load()) ?? FeedSettings()
    settings.pin = version
    try feedSettings.save(settings)
    recorder.record(RecordEvent(version == nil ? .unpinned : .pinned, version: version))
  }

  /// Asks the feed what it has for this device. Changes nothing but what is known of the feed.
  ///
  /// - Throws: `FeedFailure`, `SourceFailure`, and what reading the device's state throws.
  public func check() throws -> FeedCheck {
    try reportingCheck(asked) { check in
      check.unreachable.map { LastCheck($0, at: context.now, after: lastCheck) }
        ?? LastCheck(check.choice, at: context.now)
    }
  }

  private func asked() throws -> FeedCheck {
    let (policy, content, facts) = try policy()
    let since = content.unreachable.map { _ in
      LastCheck.unreachableSince(context.now, after: lastCheck)
    }
    var warnings: [String] = []
    if feedClock.isBehind {
      warnings.append(
        "the clock says \(feedClock.system), which is before the running image was made: the"
          + " certificate of the feed's server is not checked")
    }
    if let failure = content.unreachable {
      warnings.append(
        "this is what the feed said at \(content.index.issued): \(failure.message)"
          + (since.map { ", since \($0)" } ?? ""))
    }
    return FeedCheck(
      channel: content.channel, pin: facts.pin, version: facts.version, sequence: facts.sequence,
      choice: policy.choose(), issued: content.index.issued, now: facts.now,
      unreachable: content.unreachable, unreachableSince: since, warnings: warnings)
  }

  /// The release that is wanted; nil when there is nothing to install.
  ///
  /// - Throws: `notOffered` with the reason, `FeedFailure`, `SourceFailure`.
  public func offer(_ request: FeedRequest) throws -> FeedOffer? {
    let policy = try reportingCheck(reachablePolicy) {
      LastCheck($0.choose(), at: context.now)
    }
    guard let release = try policy.wanted(request) else { return nil }
    let address = try FeedAddress(configuration, layout)
    return FeedOffer(release: release, source: .url(address.bundle(release)))
  }

  /// The release that the feed knows by a bundle's manifest, as far as it was asked.
  public func knownRelease(manifest: Digest) -> (release: Release, channel: String)? {
    guard let channel = try? channel(),
      let index = try? DeviceFeed(self).stored(channel),
      let release = index.release(manifest: manifest)
    else { return nil }
    return (release, channel)
  }

  /// The lowest sequence that the feed lets a device install; 0 without a feed.
  var feedFloor: Int64 {
    guard let channel = try? channel() else { return 0 }
    return (try? DeviceFeed(self).stored(channel))?.floor ?? 0
  }

  private func reachablePolicy() throws -> ReleasePolicy {
    let (content, facts) = try reachableAnswer()
    return ReleasePolicy(content.index, facts)
  }

  private func reachableAnswer() throws -> (DeviceFeed.Content, ReleaseFacts) {
    let (content, facts) = try answer()
    if let failure = content.unreachable { throw failure }
    return (content, facts)
  }

  private func policy() throws -> (ReleasePolicy, DeviceFeed.Content, ReleaseFacts) {
    let (content, facts) = try answer()
    return (ReleasePolicy(content.index, facts), content, facts)
  }

  private func answer() throws -> (DeviceFeed.Content, ReleaseFacts) {
    let settings = try feedSettings.load()
    let content = try DeviceFeed(self).refresh(channel(settings))
    return (content, try facts(content.index, settings))
  }

  private func channel(_ settings: FeedSettings) -> String {
    settings.channel ?? identity.channel ?? Updater.defaultChannel
  }

  private func facts(_ index: ReleaseIndex, _ settings: FeedSettings) throws -> ReleaseFacts {
    let identity = identity
    try index.requireProduct(identity.product)
    return releaseFacts(settings, try readState(), identity)
  }

  /// What the feed says to automatic updates.
  ///
  /// - Throws: as `check`, and `SourceFailure` where only what it said last is known.
  func freshAnswer() throws -> AutoAnswer {
    let (content, facts) = try reportingCheck(reachableAnswer) {
      LastCheck(ReleasePolicy($0.0.index, $0.1).choose(), at: context.now)
    }
    return AutoAnswer(content.index, facts)
  }

  /// What it said last, for the device as it is now; nil where that is not known. Asks for nothing.
  var storedAnswer: AutoAnswer? {
    guard let settings = try? feedSettings.load(),
      let index = try? DeviceFeed(self).stored(channel(settings)),
      let facts = try? facts(index, settings)
    else { return nil }
    return AutoAnswer(index, facts)
  }

  /// machine-id(5): systemd writes `uninitialized` until an id has been made.
  private var machineID: String? {
    Files.text(layout.machineID).flatMap { $0.isEmpty || $0 == "uninitialized" ? nil : $0 }
  }

  private func releaseFacts(
    _ settings: FeedSettings, _ state: DeviceState, _ identity: DeviceIdentity
  ) -> ReleaseFacts {
    let running = state.ledger.image(in: booted)
    var bad = Dictionary(
      state.ledger.knownBad.map { ($0.imageDigest, $0.reason) }, uniquingKeysWith: { $1 })
    if let last = state.control.lastBad, state.control.trial == nil, bad[last] == nil {
      bad[last] = state.control.reason ?? "unknown"
    }
    return ReleaseFacts(
      hardware: identity.hardware, version: identity.version ?? running?.version,
      sequence: identity.sequence ?? running?.sequence, image: running?.imageDigest,
      floor: max(identity.floor ?? 0, state.ledger.floor), knownBad: bad,
      machineID: machineID, pin: settings.pin,
      now: feedClock.now)
  }
}

extension ReleaseIndex {
  /// - Throws: `wrongProduct`.
  func requireProduct(_ own: String?) throws(FeedFailure) {
    guard let own, own != product else { return }
    throw FeedFailure(
      .wrongProduct, "the feed is for product '\(product.printable)', this is '\(own)'",
      hint: "correct the feed's address, or 'product' in update.toml")
  }
}

extension ReleasePolicy {
  /// The release that is asked for; nil when there is nothing to install.
  ///
  /// - Throws: `notOffered` with the reason, `withdrawn`, `unknownRelease`.
  func wanted(_ request: FeedRequest) throws(FeedFailure) -> Release? {
    switch request {
    case .version(let version): return try named(version)
    case .newest(let now):
      switch choose(now: now).offer {
      case .upToDate: return nil
      case .available(let chosen, _): return chosen
      case .later(let later, let time): throw .notYet(later, time)
      case .held(let held, let hold): throw .held(held, hold)
      }
    }
  }
}

extension Failure where Code == FeedCode {
  fileprivate static func notYet(_ release: Release, _ time: Timestamp) -> FeedFailure {
    FeedFailure(
      .notOffered, "\(release.version) is offered to this device from \(time) on",
      hint: "wait, or add --now to go ahead of the rollout")
  }

  fileprivate static func held(_ release: Release?, _ hold: ReleaseChoice.Hold) -> FeedFailure {
    let version = release?.version ?? "an update"
    return FeedFailure(.notOffered, hold.reason(version), hint: hold.advice(version))
  }
}
