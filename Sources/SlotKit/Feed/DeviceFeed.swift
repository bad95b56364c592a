internal import SlotCore
internal import SystemPackage

/// The feed that this device follows, as far as it is trusted: kept in `feed` in the state directory.
struct DeviceFeed {
  /// What the feed says, or said last.
  struct Content {
    let index: ReleaseIndex
    let channel: String
    /// Why it is not what the feed says now.
    let unreachable: SourceFailure?
  }

  private let layout: Layout
  private let configuration: Configuration
  private let clock: FeedClock
  private let cancellation: Cancellation

  init(_ updater: Updater) {
    self.init(
      layout: updater.layout, configuration: updater.feedConfiguration, clock: updater.feedClock,
      cancellation: updater.cancellation)
  }

  init(
    layout: Layout, configuration: Configuration, clock: FeedClock, cancellation: Cancellation
  ) {
    self.layout = layout
    self.configuration = configuration
    self.clock = clock
    self.cancellation = cancellation
  }

  private var directory: FilePath { layout.stateDirectory.appending("feed") }
  private var store: FeedStore { DeviceFeed.store(layout) }
  private var targets: FilePath { DeviceFeed.targets(layout) }

  private static func store(_ layout: Layout) -> FeedStore {
    let directory = layout.stateDirectory.appending("feed")
    return FeedStore(directory.appending("metadata"), roots: directory.appending("roots"))
  }

  private static func targets(_ layout: Layout) -> FilePath {
    layout.stateDirectory.appending("feed").appending("targets")
  }

  /// What the feed says of `channel`; where it cannot be reached, what it said last.
  ///
  /// - Throws: `FeedFailure` where it says nothing that can be trusted, or never said anything; `SourceFailure` in that case
  ///   where it cannot be reached; `LockFailure`, `CancellationFailure`.
  func refresh(_ channel: String) throws -> Content {
    let address = try FeedAddress(configuration, layout)
    guard !clock.isBehind || !address.hasPassword else {
      throw FeedFailure(
        .noFeed,
        "the clock is wrong, so that the server of the feed cannot be known, and its address has a password",
        hint: "set the clock")
    }
    try FeedAnchor(layout, store).settle()
    let lock = try UpdateLock(directory: directory, command: "check")
    defer { withExtendedLifetime(lock) {} }
    do {
      let source = HTTPFeedSource(
        options: HTTPOptions(configuration), cancellation: cancellation)
      var workflow = try FeedWorkflow(store, source, base: address.metadata, now: clock.now)
      try workflow.refresh()
      try updateKeys(workflow, source, address)
      return Content(
        index: try index(channel, workflow, source, address), channel: channel, unreachable: nil)
    } catch let failure as SourceFailure {
      guard let stored = try? stored(channel) else { throw failure }
      return Content(index: stored, channel: channel, unreachable: failure)
    }
  }

  /// What the feed said last, whether or not it has expired; nil where nothing is stored of it. Asks for nothing.
  ///
  /// - Throws: `FeedFailure`.
  func stored(_ channel: String) throws -> ReleaseIndex? {
    try DeviceFeed.stored(ReleaseIndex.target(of: channel), layout).map { try read($0, channel) }
  }

  /// The keys of bundles that the feed said last.
  ///
  /// - Throws: `FeedFailure`.
  static func storedKeys(_ layout: Layout) throws -> BundleKeys? {
    try stored(BundleKeys.target, layout).flatMap { path in
      try Files.read(path, limit: BundleKeys.byteLimit).map { try BundleKeys(decoding: $0) }
    }
  }

  private static func stored(_ path: String, _ layout: Layout) throws -> FilePath? {
    let store = store(layout)
    guard Files.exists(store.directory) else { return nil }
    var workflow = try FeedWorkflow(
      store, StoredFeedSource(store: store), base: "", now: nil)
    try workflow.refresh()
    let download = try TargetDownload(path, try workflow.target(path), into: targets(layout))
    return try download.isThere(Cancellation()) ? download.destination : nil
  }

  private func index(
    _ channel: String, _ workflow: FeedWorkflow, _ source: HTTPFeedSource, _ address: FeedAddress
  ) throws -> ReleaseIndex {
    let path = ReleaseIndex.target(of: channel)
    do {
      let file = try workflow.target(path)
      return try read(
        try fetch(path, file, limit: ReleaseIndex.byteLimit, workflow, source, address), channel)
    } catch let failure as FeedFailure where failure.code == .noTarget {
      throw FeedFailure(
        .unknownChannel, "the feed has no channel '\(channel.printable)'",
        hint: "ask its publisher which there are, and choose with 'krux-update channel NAME'")
    }
  }

  /// Withdrawals count at once; a feed may have no list.
  private func updateKeys(
    _ workflow: FeedWorkflow, _ source: HTTPFeedSource, _ address: FeedAddress
  ) throws {
    let path = BundleKeys.target
    guard let file = workflow.topLevelTarget(path) else { return }
    let destination = try fetch(
      path, file, limit: BundleKeys.byteLimit, workflow, source, address)
    guard let bytes = try Files.read(destination, limit: BundleKeys.byteLimit) else { return }
    try DeviceKeys.keep(try BundleKeys(decoding: bytes), layout)
  }

  private func fetch(
    _ path: String, _ file: TUF.TargetFile, limit: Int, _ workflow: FeedWorkflow,
    _ source: HTTPFeedSource, _ address: FeedAddress
  ) throws -> FilePath {
    guard file.length <= limit else {
      throw FeedFailure.malformedIndex("\(path) has \(file.length) bytes")
    }
    let download = try TargetDownload(path, file, into: targets)
    if try !download.isThere(cancellation) {
      try Files.makeDirectory(targets)
      let hashed = workflow.trusted.root.consistentSnapshot
      try download.fetch(download.address(below: address.targets, hashed: hashed), source)
    }
    return download.destination
  }

  private func read(_ path: FilePath, _ channel: String) throws -> ReleaseIndex {
    guard let bytes = try Files.read(path, limit: ReleaseIndex.byteLimit) else {
      throw FeedFailure.malformedIndex("it is gone")
    }
    let index = try ReleaseIndex(decoding: bytes)
    guard index.channel == channel else {
      throw FeedFailure(
        .wrongChannel, "the index of channel \(channel) is of '\(index.channel.printable)'",
        hint: "tell the feed's publisher")
    }
    return index
  }
}

/// What is stored of a feed, in the place of its server.
private struct StoredFeedSource: FeedSource {
  let store: FeedStore

  func file(_ address: String, limit: Int64) throws -> FeedAnswer {
    let nothing = SourceFailure(.notFound, "nothing is stored of \(address)")
    guard address == "timestamp.json",
      let bytes = store.stored(TUF.RoleName.timestamp, limit: TUF.Limits.timestamp)
    else { return .missing(nothing) }
    return .bytes(bytes)
  }

  func stream(
    _ address: String, limit: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    throw SourceFailure(.notFound, "nothing is stored of \(address)")
  }
}
