internal import SlotCore
internal import SystemPackage

extension ServiceUpdater {
  /// Installs the trees of a bundle: all are unpacked, flushed and read back before the first link is swapped; then each
  /// service in turn is switched, its units are restarted, and its health is asked for.
  ///
  /// The first that is not healthy is put back, and those behind it keep what they have.
  ///
  /// - Throws: an `ActionableError`: `notHealthy` once the tree before is back, `restartFailed` where the new one is in
  ///   place and a unit could not be restarted.
  public func apply(
    _ source: BundleSource, _ options: ServiceApplyOptions, observer: @escaping ServiceObserver
  ) throws -> [ServiceOutcome] {
    let lock = try lock("apply --service-only")
    defer { withExtendedLifetime(lock) {} }
    try requireQuiet()
    let bundle = try OpenedBundle(
      try source.open(
        options.release == nil ? configuration : feedConfiguration, cancellation),
      ring: try DeviceKeys.ring(layout))
    try requireAnnounced(bundle, options.release)
    let identity = DeviceIdentity(layout: layout, configuration: configuration)
    let trees = try ServicePolicy.trees(
      of: bundle.manifest, product: identity.product, hardware: identity.hardware)
    let (records, warnings) = try settledRecords()
    for warning in warnings { observer(.warning(warning)) }
    try folder.clean()
    let decisions = try trees.map { tree in
      try ServicePolicy.decide(
        bundle.manifest, tree, records[tree.name], linked: folder.linked(tree.name),
        overrides: options.overrides)
    }
    observer(.verified(bundle))
    let wanted = zip(trees, decisions).filter { $0.1 == .proceed }.map(\.0)
    let made = try unpack(wanted, of: bundle, observer)
    var activation = ServiceActivation(self, records, restart: options.restart, observer)
    let outcomes = try zip(trees, decisions).map { tree, decision in
      let service = tree.name
      switch decision {
      case .alreadyRunning:
        return ServiceOutcome(
          service: service, version: bundle.manifest.version, result: .alreadyRunning)
      case .unproven: return try activation.prove(service)
      case .proceed:
        guard let identity = made[service] else {
          throw ServiceFailure(.treeMismatch, "the tree of \(service) is missing")
        }
        return try activation.install(service, identity)
      }
    }
    try activation.requireRestarts()
    return outcomes
  }

  private func requireAnnounced(
    _ bundle: OpenedBundle, _ release: Release?
  ) throws(FeedFailure) {
    guard let release, release.manifestDigest != bundle.trusted.digest else { return }
    throw FeedFailure(
      .wrongManifest, "the bundle is not the one that the feed announces as \(release.version)",
      hint: "try again later, and tell the feed's publisher if it stays so")
  }

  // MARK: - Trees

  /// Makes the trees of `artefacts`, under their names when all of them are proved.
  private func unpack(
    _ artefacts: [Artefact], of bundle: OpenedBundle, _ observer: @escaping ServiceObserver
  ) throws -> [String: TreeIdentity] {
    // Nothing is fetched for what could not be unpacked.
    if !artefacts.isEmpty { _ = try ArchiveLibrary.functions() }
    // All tables stand before all payloads.
    let tables = try artefacts.map { try bundle.frames(of: $0) }
    bundle.reader.expect(
      artefacts.map {
        let start = bundle.payloadOffset(of: $0)
        return start..<start + $0.payloadLength
      }.filter { !$0.isEmpty })
    var made: [String: TreeIdentity] = [:]
    do {
      for (artefact, table) in zip(artefacts, tables) {
        made[artefact.name] = try unpack(artefact, table, of: bundle, observer)
      }
      try bundle.checkEnd()
      for artefact in artefacts {
        try folder.publish(artefact.name, bundle.manifest.version)
      }
    } catch {
      // Nobody can do more than try: what is left is removed by the next command.
      try? folder.clean()
      throw (error as? Errno).map { ServiceFailure.io("write below", folder.path, $0) } ?? error
    }
    return made
  }

  private func unpack(
    _ artefact: Artefact, _ table: FrameTable, of bundle: OpenedBundle,
    _ observer: @escaping ServiceObserver
  ) throws -> TreeIdentity {
    let manifest = bundle.manifest
    guard let content = artefact.tree else {
      throw BundleFailure(.malformedManifest, "the bundle does not say what its archive holds")
    }
    let partial = try folder.makePartial(artefact.name, manifest.version, content)
    let stream = FrameStream(bundle, table, of: artefact, cancellation) { done in
      observer(
        .progress(.writing, service: artefact.name, done: done, total: artefact.length))
    }
    let expected = try UnicodeNames.following {
      try TreeUnpacking.run(try ArchiveReader(stream), content, into: partial)
    }
    try folder.after(.unpacked)
    try folder.flush(partial)
    let found = try TreeReading.inventory(of: partial, cancellation) { done in
      observer(
        .progress(.verifying, service: artefact.name, done: done, total: content.bytes))
    }
    if let path = expected.difference(from: found) {
      throw ServiceFailure(
        .treeMismatch, "the disk does not hold what was written to it, in \(path.printable)",
        hint: SlotFailure.diskHint)
    }
    try folder.after(.proved)
    return TreeIdentity(
      version: manifest.version, sequence: manifest.sequence,
      imageDigest: artefact.imageDigest, treeDigest: expected.digest, units: content.units,
      floor: manifest.floor)
  }
}
