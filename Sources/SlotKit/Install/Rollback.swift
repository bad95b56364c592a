internal import SlotCore

public enum RollbackOutcome: Equatable, Sendable {
  /// What was staged and not booted yet is called off.
  case cancelled(version: String)
  /// The other slot boots next, on trial.
  case staged(version: String)
}

extension Updater {
  /// Goes back to the other slot, by a switch and a trial like any other; cancels what is staged and not
  /// booted yet.
  ///
  /// The other slot is first read whole against its image digest: nothing overrides that. `force` overrides
  /// that its version was never confirmed here, or failed when it last ran.
  ///
  /// - Throws: `PolicyFailure`, `SlotFailure`, `BootControlFailure`, `LedgerFailure`.
  public func rollback(
    force: Bool, observer: @escaping InstallObserver
  ) throws -> RollbackOutcome {
    try reportingFailure { try rollbackLocked(force: force, observer) }
  }

  private func rollbackLocked(
    force: Bool, _ observer: @escaping InstallObserver
  ) throws -> RollbackOutcome {
    let lock = try lock("rollback")
    defer { withExtendedLifetime(lock) {} }
    var state = try accounted(try readState())
    for warning in state.warnings { observer(.warning(warning)) }
    let target = booted.other
    let known = state.ledger.history.lastNumber
    switch state.assessment {
    case .trial:
      throw PolicyFailure(
        .trialOpen, "the running version is on trial",
        hint: "'krux-update reject' ends the trial and goes back")
    case .givenUp: throw PolicyFailure.rebootPending
    case .staged:
      let record = state.ledger[target]
      let version = state.ledger.image(in: target)?.version ?? "unknown"
      try recordEvidence(state)
      try boot.save(
        state.control.cancelled(booted: booted, otherIsGood: record?.isGood ?? false))
      state.ledger.cancel(target, context)
      // Called off it is; a record that is missing is made by the next command.
      do { _ = try ledgers.save(state.ledger) } catch { observer(.warning(error.message)) }
      report(state.ledger, since: known)
      return .cancelled(version: version)
    case .settled, .returned, .failedOver, .switchNeverHappened: break
    }
    let record = try rollbackTarget(state, force: force)
    let location = try machine.location(of: target)
    try machine.checkTarget(location)
    let device = try machine.open(location, .exclusive)
    defer { withExtendedLifetime(device) {} }
    try SlotDigest.verify(record.image, on: device, cancellation, observer)
    try recordEvidence(state)
    state.ledger.rollBack(from: booted, context)
    state.ledger = try ledgers.save(state.ledger)
    try boot.save(state.control.switched(to: target, image: record.image.imageDigest))
    report(state.ledger, since: known)
    observer(.switched)
    return .staged(version: record.image.version)
  }

  private func rollbackTarget(
    _ state: DeviceState, force: Bool
  ) throws(PolicyFailure) -> SlotRecord {
    guard let record = state.ledger[booted.other], record.state != .writing else {
      throw PolicyFailure(
        .nothingToRollBackTo, "the other slot holds no version that is known to be whole",
        hint: "install one with 'krux-update apply'")
    }
    guard record.isGood || force else {
      let fault = record.state == .failed ? "failed when it last ran" : "was never confirmed"
      throw PolicyFailure(
        .neverConfirmed, "version \(record.image.version) in the other slot \(fault)",
        hint: "add --force to boot it on trial all the same")
    }
    let floor = max(identity.floor ?? 0, state.ledger.floor)
    guard record.image.sequence >= floor else {
      throw PolicyFailure(
        .belowFloor,
        "version \(record.image.version) has sequence \(record.image.sequence), below the floor"
          + " \(floor) of this device",
        hint: "nothing overrides the floor: install a newer release")
    }
    guard state.savesTries else {
      throw PolicyFailure(
        .bootloaderDoesNotSave,
        "the bootloader did not save the try of this boot, so nothing would fall back",
        hint: "install a boot script as docs/boot.md describes, reboot once, and try again")
    }
    return record
  }
}
