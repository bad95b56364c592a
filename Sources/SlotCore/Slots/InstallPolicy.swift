/// Why an install is refused. All of these come before anything is written.
public enum PolicyCode: String, FailureCode {
  public static var domain: FailureDomain { .policy }

  case wrongProduct = "wrong_product"
  case wrongHardware = "wrong_hardware"
  case sourceTooOld = "source_too_old"
  case downgrade
  case belowFloor = "below_floor"
  case sameSequence = "same_sequence"
  case knownBad = "known_bad"
  case trialOpen = "trial_open"
  case rebootPending = "reboot_pending"
  case bootloaderDoesNotSave = "bootloader_does_not_save"
  case slotTooSmall = "slot_too_small"
  case unsupportedArtefact = "unsupported_artefact"
  case identityUnknown = "identity_unknown"
  case rollbackUnverified = "rollback_unverified"
  case neverConfirmed = "never_confirmed"
  case nothingToRollBackTo = "nothing_to_roll_back_to"
  case noTrial = "no_trial"
}

public typealias PolicyFailure = Failure<PolicyCode>

extension Failure where Code == PolicyCode {
  /// The other slot is the only good one, so nothing may touch it.
  public static let rebootPending = PolicyFailure(
    .rebootPending, "the running version was rejected, and the other slot boots next",
    hint: "reboot first")
}

/// What is known of the device before an install.
public struct InstallFacts: Equatable, Sendable {
  public var product: String?
  /// The names that this device answers to.
  public var hardware: [String]
  public var bootedSequence: Int64?
  public var bootedImage: Digest?
  public var bootedVersion: String?
  /// The highest of the image's own, and those of confirmed releases.
  public var floor: Int64
  /// Bytes of the target slot.
  public var slotCapacity: UInt64
  public var knownBad: KnownBad?
  public var lastBad: Digest?
  public var assessment: BootAssessment
  public var savesTries: Bool

  public init(
    product: String?, hardware: [String], bootedSequence: Int64?, bootedImage: Digest?,
    bootedVersion: String?, floor: Int64, slotCapacity: UInt64, knownBad: KnownBad? = nil,
    lastBad: Digest? = nil, assessment: BootAssessment = .settled, savesTries: Bool = true
  ) {
    self.product = product
    self.hardware = hardware
    self.bootedSequence = bootedSequence
    self.bootedImage = bootedImage
    self.bootedVersion = bootedVersion
    self.floor = floor
    self.slotCapacity = slotCapacity
    self.knownBad = knownBad
    self.lastBad = lastBad
    self.assessment = assessment
    self.savesTries = savesTries
  }
}

/// What an operator may override.
public struct InstallOverrides: Equatable, Sendable {
  /// The running version again, or an image that failed before.
  public var force: Bool
  public var allowDowngrade: Bool

  public init(force: Bool = false, allowDowngrade: Bool = false) {
    self.force = force
    self.allowDowngrade = allowDowngrade
  }
}

public enum InstallDecision: Equatable, Sendable {
  case proceed
  /// The running image is the one asked for.
  case alreadyRunning
}

/// Whether a release with a valid signature is installed on this device.
public enum InstallPolicy {
  /// - Throws: the first reason against it, in the order in which it helps a person most.
  public static func decide(
    _ manifest: Manifest, image: Artefact, facts: InstallFacts, overrides: InstallOverrides
  ) throws(PolicyFailure) -> InstallDecision {
    try checkIdentity(manifest, product: facts.product, hardware: facts.hardware)
    try checkArtefacts(manifest)
    try checkState(facts)
    if facts.bootedImage == image.imageDigest, !overrides.force { return .alreadyRunning }
    try checkSequence(manifest, image, facts, overrides)
    if !overrides.force { try checkKnownBad(manifest, image, facts) }
    guard image.length <= facts.slotCapacity else {
      throw PolicyFailure(
        .slotTooSmall,
        "the image has \(image.length) bytes and the target slot only \(facts.slotCapacity)",
        hint: "this device needs a smaller image or a new partition layout")
    }
    return .proceed
  }

  static func checkIdentity(
    _ manifest: Manifest, product: String?, hardware: [String]
  ) throws(PolicyFailure) {
    guard let product else {
      throw PolicyFailure(
        .identityUnknown, "this system does not say which product it is",
        hint: "set IMAGE_ID in os-release or 'product' in update.toml")
    }
    guard manifest.product == product else {
      throw PolicyFailure(
        .wrongProduct, "the bundle is for product '\(manifest.product)', this is '\(product)'",
        hint: "get the bundle of this product")
    }
    guard manifest.compatible.contains(where: hardware.contains) else {
      let names = manifest.compatible.map(\.printable).joined(separator: ", ")
      let own = hardware.isEmpty ? "unknown" : hardware.joined(separator: ", ")
      throw PolicyFailure(
        .wrongHardware, "the bundle is for hardware '\(names)', this is '\(own)'",
        hint: "get the bundle of this hardware, or set 'hardware' in update.toml if it is wrong")
    }
  }

  private static func checkArtefacts(_ manifest: Manifest) throws(PolicyFailure) {
    // Trees beside an image are for `--service-only`: an image brings its services with it.
    for artefact in manifest.artefacts where ![.slotImage, .tree].contains(artefact.kind) {
      throw PolicyFailure(
        .unsupportedArtefact,
        "the bundle installs '\(artefact.name)' of kind '\(artefact.kind.rawValue)', which this"
          + " version cannot",
        hint: "install a release first that brings a newer krux-update")
    }
    let images = manifest.artefacts.count { $0.kind == .slotImage }
    guard images == 1 else {
      throw PolicyFailure(
        .unsupportedArtefact, "the bundle holds \(images) slot images, not one",
        hint: "get another bundle from the publisher")
    }
  }

  private static func checkState(_ facts: InstallFacts) throws(PolicyFailure) {
    if facts.assessment == .trial {
      throw PolicyFailure(
        .trialOpen, "the running version is on trial and the other slot is its way back",
        hint: "wait for the health check, or end the trial with 'krux-update confirm' or 'reject'")
    }
    if facts.assessment == .givenUp { throw PolicyFailure.rebootPending }
    guard facts.savesTries else {
      throw PolicyFailure(
        .bootloaderDoesNotSave,
        "the bootloader did not save the try of this boot, so nothing would fall back",
        hint: "install a boot script as docs/boot.md describes, reboot once, and try again")
    }
  }

  private static func checkSequence(
    _ manifest: Manifest, _ image: Artefact, _ facts: InstallFacts, _ overrides: InstallOverrides
  ) throws(PolicyFailure) {
    guard manifest.sequence >= facts.floor else {
      throw PolicyFailure(
        .belowFloor,
        "release \(manifest.version) has sequence \(manifest.sequence), below the floor"
          + " \(facts.floor) of this device",
        hint: "nothing overrides the floor: install a newer release")
    }
    guard let booted = facts.bootedSequence else { return }
    let running = "\(facts.bootedVersion ?? "unknown") (sequence \(booted))"
    if manifest.sequence == booted, let digest = facts.bootedImage, digest != image.imageDigest {
      throw PolicyFailure(
        .sameSequence,
        "the bundle has the sequence of the running release, \(booted), and another image",
        hint: "the publisher has to give it a sequence of its own")
    }
    if manifest.sequence < booted, !overrides.allowDowngrade {
      throw PolicyFailure(
        .downgrade,
        "release \(manifest.version) (sequence \(manifest.sequence)) is older than the running"
          + " \(running)",
        hint: "add --allow-downgrade to go back on purpose")
    }
    if let minimum = manifest.minimumSource, booted < minimum {
      throw PolicyFailure(
        .sourceTooOld,
        "release \(manifest.version) can be installed from sequence \(minimum) on, this device"
          + " runs \(running)",
        hint: "install a release in between first")
    }
  }

  private static func checkKnownBad(
    _ manifest: Manifest, _ image: Artefact, _ facts: InstallFacts
  ) throws(PolicyFailure) {
    guard facts.knownBad != nil || facts.lastBad == image.imageDigest else { return }
    let reason = facts.knownBad.map { ": \($0.reason)" } ?? ""
    throw PolicyFailure(
      .knownBad, "release \(manifest.version) failed on this device before\(reason)",
      hint: "install a newer release, or add --force to try it again")
  }
}
