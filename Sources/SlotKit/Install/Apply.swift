internal import Logging
public import SlotCore

public struct ApplyOptions: Sendable {
  public var overrides = InstallOverrides()
  /// The release of the feed that the bundle has to be: the feed's word for it, beside the bundle's signature.
  public var release: Release?
  /// Say what would be done, and write nothing.
  public var dryRun = false
  /// Asked when everything is written and proved, before the switch; nil: it is made.
  public var maySwitch: (@Sendable () throws -> Bool)?

  public init() {}
}

public enum ApplyOutcome: Equatable, Sendable {
  case staged(version: String)
  case alreadyStaged(version: String)
  case alreadyRunning(version: String)
  case planned(InstallPlan)
  /// The target slot holds all of it, and was not made next to boot. The same bundle again makes it so.
  case prepared(version: String)
}

extension Updater {
  /// Installs the bundle of `source` into the target slot and makes it next to boot, on trial.
  ///
  /// The order of steps is docs/architecture.md's: load, decide, plan, disarm, write, prove, switch. Before
  /// the switch the running system boots, whatever happens; the switch is the last write.
  ///
  /// - Throws: an `ActionableError` of the domain that refused.
  public func apply(
    _ source: BundleSource, _ options: ApplyOptions, observer: @escaping InstallObserver
  ) throws -> ApplyOutcome {
    try reportingFailure(onlyTampering: options.dryRun) {
      try applyLocked(source, options, observer)
    }
  }

  private func applyLocked(
    _ source: BundleSource, _ options: ApplyOptions, _ observer: @escaping InstallObserver
  ) throws -> ApplyOutcome {
    let start = BootClock.now()
    let lock = try lock("apply")
    defer { withExtendedLifetime(lock) {} }
    // A bundle that the feed announces needs no server that can be known.
    let isAnnounced = options.release != nil
    let reader = try source.open(
      isAnnounced ? feedConfiguration : configuration, cancellation)
    let bundle = try OpenedBundle(reader, ring: try ring())
    if let release = options.release, release.manifestDigest != bundle.trusted.digest {
      throw FeedFailure(
        .wrongManifest, "the bundle is not the one that the feed announces as \(release.version)",
        hint: "try again later, and tell the feed's publisher if it stays so")
    }
    let state = try options.dryRun ? settled(readState()) : accounted(readState())
    for warning in state.warnings { observer(.warning(warning)) }
    let target = try machine.location(of: booted.other)
    guard let artefact = bundle.manifest.slotImage else {
      throw PolicyFailure(
        .unsupportedArtefact, "the bundle holds no slot image",
        hint: bundle.manifest.artefacts.contains { $0.kind == .tree }
          ? "install its services with 'krux-update apply --service-only'"
          : "get another bundle from the publisher")
    }
    let facts = facts(state, artefact, target)
    let decision = try InstallPolicy.decide(
      bundle.manifest, image: artefact, facts: facts, overrides: options.overrides)
    if decision == .alreadyRunning { return .alreadyRunning(version: bundle.manifest.version) }
    try machine.checkTarget(target)
    // Held until after the switch.
    let device = try machine.open(target, .exclusive)
    defer { withExtendedLifetime(device) {} }
    observer(.verified(bundle, target: target))
    var installation = try Installation(
      bundle, artefact, device, base: base(state), cancellation, observer)
    return try install(&installation, state, options, observer, start: start)
  }

  private func facts(
    _ state: DeviceState, _ artefact: Artefact, _ target: SlotLocation
  ) -> InstallFacts {
    let running = state.ledger.image(in: booted)
    return InstallFacts(
      product: identity.product, hardware: identity.hardware,
      bootedSequence: identity.sequence ?? running?.sequence, bootedImage: running?.imageDigest,
      bootedVersion: identity.version ?? running?.version,
      floor: max(identity.floor ?? 0, state.ledger.floor, feedFloor), slotCapacity: target.capacity,
      knownBad: state.ledger.isKnownBad(artefact.imageDigest),
      lastBad: state.control.trial == nil ? state.control.lastBad : nil,
      assessment: state.assessment, savesTries: state.savesTries)
  }

  /// The booted slot, read only. Without it the bundle has everything.
  private func base(_ state: DeviceState) -> InstalledBase? {
    guard let location = try? machine.location(of: booted),
      let device = try? machine.open(location, .readOnly)
    else { return nil }
    return InstalledBase(image: state.ledger.image(in: booted), device: device)
  }

  private func install(
    _ installation: inout Installation, _ state: DeviceState, _ options: ApplyOptions,
    _ observer: InstallObserver, start: Int64
  ) throws -> ApplyOutcome {
    let target = booted.other
    let image = ImageIdentity(installation.bundle.trusted, installation.artefact)
    let record = state.ledger[target]
    let plan = try installation.plan(
      mayHoldImage: record?.image.imageDigest == image.imageDigest)
    observer(.planned(plan))
    logger.debug(
      "planned", metadata: ["fetch": "\(plan.fetchBytes)", "write": "\(plan.writeBytes)"])
    if options.dryRun { return .planned(plan) }
    if plan.isEmpty, record?.state == .staged, state.control.trial == target,
      state.control.first == target
    {
      return .alreadyStaged(version: image.version)
    }
    try recordEvidence(state)
    let known = state.ledger.history.lastNumber
    var state = state
    if !plan.isEmpty {
      try ledgers.requireReserve()
      // What is staged there may boot until it is disarmed, and its record has to say what it is till then.
      if state.control.trial == target { try disarm(&state) }
      state.ledger.beginInstall(target, image, context)
      state.ledger = try ledgers.save(state.ledger)
      try disarm(&state)
      try installation.clearHead()
      observer(.disarmed)
      report(state.ledger, since: known)
      logger.debug("disarmed", metadata: ["slot": "\(target.rawValue)"])
      try installation.write(plan)
      try installation.prove()
    }
    try cancellation.check()
    if let maySwitch = options.maySwitch, try !maySwitch() {
      return .prepared(version: image.version)
    }
    let begun = state.ledger.history.lastNumber
    state.ledger.stage(target, image, context)
    state.ledger = try ledgers.save(state.ledger)
    try boot.save(state.control.switched(to: target, image: image.imageDigest))
    report(
      state.ledger, since: begun,
      figures: installation.figures(plan, milliseconds: BootClock.now() - start))
    logger.debug("switched", metadata: ["slot": "\(target.rawValue)"])
    observer(.switched)
    return .staged(version: image.version)
  }

  private func disarm(_ state: inout DeviceState) throws {
    state.control = state.control.disarmed(booted: booted)
    try boot.save(state.control)
  }
}
