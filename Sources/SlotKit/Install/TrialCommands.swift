internal import SlotCore

public enum ConfirmOutcome: Equatable, Sendable {
  /// The trial of this version is over.
  case confirmed(version: String)
  /// No trial was on; the tries of the booted slot were given back.
  case triesGivenBack
  /// The boot environment could not be read and was written anew.
  case environmentRecreated
}

extension Updater {
  /// Ends the trial of the booted slot well. Without a trial it gives the booted slot its tries back, and
  /// it writes a new boot environment where that is missing or damaged.
  ///
  /// Boot control is written even when the ledger cannot be: then the result comes with a warning.
  ///
  /// - Throws: `PolicyFailure.rebootPending`, `BootControlFailure`, `LockFailure`.
  public func confirm() throws -> (outcome: ConfirmOutcome, warnings: [String]) {
    let lock = try lock("confirm")
    defer { withExtendedLifetime(lock) {} }
    guard let control = try readableControl() else {
      return (.environmentRecreated, try recreateEnvironment())
    }
    let raw = stateWithoutWaiting(control)
    guard raw.assessment != .givenUp else { throw PolicyFailure.rebootPending }
    var state = settled(raw)
    var warnings = state.warnings + evidenceOrWarn(raw)
    let image = state.ledger.image(in: booted)
    state.ledger.confirm(booted, by: "operator", context)
    warnings += saveOrWarn(state)
    var confirmed = state.control.confirmed(booted: booted, image: image?.imageDigest)
    // What is staged and waits for its first boot stays so.
    if state.assessment == .staged { confirmed.trial = control.trial }
    try boot.save(confirmed)
    return state.assessment == .trial
      ? (.confirmed(version: image?.version ?? "unknown"), warnings) : (.triesGivenBack, warnings)
  }

  /// Nil when there is no boot environment, or a damaged one.
  private func readableControl() throws(BootControlFailure) -> BootControl? {
    do { return try boot.load() } catch {
      guard error.code == .missing || error.code == .damaged else { throw error }
      return nil
    }
  }

  private func evidenceOrWarn(_ state: DeviceState) -> [String] {
    do {
      try recordEvidence(state)
      return []
    } catch { return ["\(error)"] }
  }

  /// The booted slot is bootable; the other one only when the newest ledger knows it as whole and confirmed.
  private func recreateEnvironment() throws -> [String] {
    let loaded = try? ledgers.load()
    let other = loaded?.origin == .current && loaded?.ledger[booted.other]?.state == .confirmed
    var control = BootControl(
      first: booted, a: SlotBootState(bootable: other, triesMade: 0),
      b: SlotBootState(bootable: other, triesMade: 0), tries: configuration.tries)
    control[booted].bootable = true
    try boot.recreate(control)
    var state = stateWithoutWaiting(control)
    state.ledger.confirm(booted, by: "operator", context)
    state.ledger.repaired(booted, detail: "boot environment", context)
    return saveOrWarn(state)
  }

  /// Ends the trial of the booted slot badly: the other slot boots next, and this image is remembered.
  ///
  /// Boot control is written even when the ledger cannot be: then the result comes with a warning.
  ///
  /// - Returns: the version that comes back.
  /// - Throws: `PolicyFailure.noTrial`, `.rollbackUnverified`, `BootControlFailure`, `LockFailure`.
  public func reject(reason: String) throws -> (returnsTo: String, warnings: [String]) {
    let lock = try lock("reject")
    defer { withExtendedLifetime(lock) {} }
    var state = stateWithoutWaiting(try boot.load())
    guard state.assessment == .trial else {
      throw PolicyFailure(
        .noTrial, "the running version is not on trial, so there is nothing to reject",
        hint: "use 'krux-update rollback' to go back to the other slot")
    }
    guard state.control[booted.other].bootable else {
      throw PolicyFailure(
        .rollbackUnverified, "the other slot is not bootable, so there is no way back",
        hint: "confirm this version, or install another one")
    }
    var warnings = state.warnings + evidenceOrWarn(state)
    let image = state.ledger.image(in: booted)?.imageDigest
    state.ledger.fail(booted, reason: reason, context)
    warnings += saveOrWarn(state)
    try boot.save(state.control.fallenBack(from: booted, image: image))
    return (state.ledger[booted.other]?.image.version ?? "unknown", warnings)
  }
}
