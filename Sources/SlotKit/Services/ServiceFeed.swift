internal import SlotCore
internal import SystemPackage

extension ServiceUpdater {
  private var feedClock: FeedClock {
    let identity = DeviceIdentity(layout: layout, configuration: configuration)
    return FeedClock(system: clock(), floor: identity.created ?? Timestamp(seconds: 0))
  }

  /// What servers of the feed are asked with: see `FeedClock.isBehind`.
  var feedConfiguration: Configuration {
    var configuration = configuration
    configuration.checksCertificates = !feedClock.isBehind
    return configuration
  }

  /// The release of the channel whose services are wanted; nil when they run already. Rollouts, pins, withdrawn and failed
  /// releases count as they do for images; what runs is the oldest of the services.
  ///
  /// - Throws: `notOffered` with the reason, `FeedFailure`, `SourceFailure`.
  public func offer(_ request: FeedRequest) throws -> FeedOffer? {
    let identity = DeviceIdentity(layout: layout, configuration: configuration)
    let settings = try FeedSettingsStore(directory: layout.stateDirectory).load()
    let channel = settings.channel ?? identity.channel ?? Updater.defaultChannel
    let content = try DeviceFeed(
      layout: layout, configuration: feedConfiguration, clock: feedClock,
      cancellation: cancellation
    ).refresh(channel)
    if let failure = content.unreachable { throw failure }
    try content.index.requireProduct(identity.product)
    var index = content.index
    index.releases.removeAll { $0.services.isEmpty }
    let facts = try facts(index, identity, pin: settings.pin, now: feedClock.now)
    guard let release = try ReleasePolicy(index, facts).wanted(request) else { return nil }
    let address = try FeedAddress(configuration, layout)
    return FeedOffer(release: release, source: .url(address.bundle(release)))
  }

  private func facts(
    _ index: ReleaseIndex, _ identity: DeviceIdentity, pin: String?, now: Timestamp
  ) throws -> ReleaseFacts {
    let records = try settledRecords().records
    let running = records.names.compactMap { name in
      records[name].running(linked: folder.linked(name))
    }
    let oldest = running.min { $0.sequence < $1.sequence }
    // By the image beside the services: that is what a release is known by.
    var bad: [Digest: String] = [:]
    for release in index.releases {
      for service in release.services {
        let known = records[service.name].knownBad.last { $0.imageDigest == service.imageDigest }
        if let known { bad[release.imageDigest] = known.reason }
      }
    }
    return ReleaseFacts(
      hardware: identity.hardware, version: oldest?.version, sequence: oldest?.sequence, image: nil,
      floor: 0, knownBad: bad, machineID: Files.text(layout.machineID) ?? "", pin: pin, now: now)
  }
}
