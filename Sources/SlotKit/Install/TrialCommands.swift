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
  public func confirm() throws -> (outcome: ConfirmOutcome, warnings: [String]) {
    let lock = try lock("confirm")
    defer { withExtendedLifetime(lock) {} }
    guard let control = try readableControl() else {
      return (.environmentRecreated, try recreateEnvironment())
    }
    let state = try? settled(readState())
    try recordEvidence(control)
    var ledger = state?.ledger ?? Ledger()
    let isTrial = control.trial == booted
    ledger.confirm(booted, by: "operator", context)
    let warnings = (state?.warnings ?? []) + saveOrWarn(ledger)
    let base = isTrial ? control : state?.control ?? control
    let keepsStaged = state?.assessment == .staged
    var confirmed = base.confirmed(booted: booted)
    // What is staged and waits for its first boot stays so.
    if keepsStaged { confirmed.trial = base.trial }
    try boot.save(confirmed)
    return isTrial
      ? (.confirmed(version: ledger[booted]?.image.version ?? "unknown"), warnings)
      : (.triesGivenBack, warnings)
  }

  /// Nil when there is no boot environment, or a damaged one.
  private func readableControl() throws(BootControlFailure) -> BootControl? {
    do { return try boot.load() } catch {
      guard error.code == .missing || error.code == .damaged else { throw error }
      return nil
    }
  }

  private func saveOrWarn(_ ledger: Ledger) -> [String] {
    do {
      _ = try ledgers.save(ledger)
      return []
    } catch { return [error.message] }
  }

  /// The booted slot is bootable; the other one only when the ledger knows it as whole and confirmed.
  private func recreateEnvironment() throws -> [String] {
    let loaded = try? ledgers.load()
    let other = loaded?.ledger[booted.other]?.state == .confirmed
    var control = BootControl(
      first: booted, a: SlotBootState(bootable: other, triesMade: 0),
      b: SlotBootState(bootable: other, triesMade: 0), tries: configuration.tries)
    control[booted].bootable = true
    try boot.recreate(control)
    guard var ledger = loaded?.ledger else { return [] }
    ledger.repaired(booted, detail: "boot environment", context)
    return saveOrWarn(ledger)
  }

  /// Ends the trial of the booted slot badly: the other slot boots next, and this image is remembered.
  ///
  /// - Returns: the version that comes back.
  /// - Throws: `PolicyFailure.noTrial`, `.rollbackUnverified`.
  public func reject(reason: String) throws -> (returnsTo: String, warnings: [String]) {
    let lock = try lock("reject")
    defer { withExtendedLifetime(lock) {} }
    var state = try readState()
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
    try recordEvidence(state.control)
    state.ledger.fail(booted, reason: reason, context)
    let warnings = saveOrWarn(state.ledger)
    try boot.save(
      state.control.fallenBack(from: booted, image: state.ledger[booted]?.image.imageDigest))
    return (state.ledger[booted.other]?.image.version ?? "unknown", warnings)
  }
}
