internal import SlotCore

public enum ConfirmOutcome: Equatable, Sendable {
  /// The trial of this version is over.
  case confirmed(version: String)
  /// No trial was on; the tries of the booted slot were given back.
  case triesGivenBack
  /// The boot environment could not be read and was written anew.
  case environmentRecreated
}

/// Who ends a trial, as the history names it, and how long it waits for another command to end.
struct TrialAuthority: Sendable {
  let name: String
  /// Milliseconds.
  let patience: Int64
  /// Boot control is written even when another command keeps the lock.
  let insists: Bool

  static let `operator` = TrialAuthority(name: "operator", patience: 0, insists: false)
  /// No other command writes during a trial, so waiting longer for one that hangs would protect nothing.
  static let health = TrialAuthority(name: "krux-health", patience: 5000, insists: true)
  /// Outside of a trial an update may be at work, and gives the tries back itself.
  static let routine = TrialAuthority(name: "krux-health", patience: 5000, insists: false)
}

extension Updater {
  /// Ends the trial of the booted slot well. Without a trial it gives the booted slot its tries back, and
  /// it writes a new boot environment where that is missing or damaged.
  ///
  /// Boot control is written even when the ledger cannot be: then the result comes with a warning.
  ///
  /// - Throws: `PolicyFailure.rebootPending`, `BootControlFailure`, `LockFailure`.
  public func confirm() throws -> (outcome: ConfirmOutcome, warnings: [String]) {
    try reportingFailure { try confirm(by: .operator) }
  }

  func confirm(
    by authority: TrialAuthority
  ) throws -> (outcome: ConfirmOutcome, warnings: [String]) {
    let lock = try lock("confirm", authority)
    defer { withExtendedLifetime(lock) {} }
    guard let control = try readableControl() else {
      return (.environmentRecreated, try recreateEnvironment(by: authority))
    }
    let raw = stateWithoutWaiting(control)
    guard raw.assessment != .givenUp else { throw PolicyFailure.rebootPending }
    var state = settled(raw)
    var warnings = state.warnings + evidenceOrWarn(raw)
    let image = state.ledger.image(in: booted)
    state.ledger.confirm(booted, by: authority.name, context)
    let unsaved = state.ledger == raw.ledger ? [] : saveOrWarn(state)
    warnings += unsaved
    var confirmed = state.control.confirmed(booted: booted, image: image?.imageDigest)
    // What is staged and waits for its first boot stays so.
    if state.assessment == .staged { confirmed.trial = control.trial }
    if case .returned = state.assessment, state.ledgerIsUnreadable || !unsaved.isEmpty {
      // An account that the ledger has no record of is made again at the next boot.
      confirmed = control
      confirmed[booted] = SlotBootState(bootable: true, triesMade: 0)
    }
    try boot.save(confirmed)
    run.unmarkTrial()
    let version = image?.version ?? identity.version ?? "unknown"
    let isKept = unsaved.isEmpty && !state.ledgerIsUnreadable
    reportEnd(
      of: state, since: isKept ? raw.ledger.history.lastNumber : nil,
      RecordEvent(.confirmed, slot: booted, version: version, reason: authority.name))
    return state.assessment == .trial
      ? (.confirmed(version: version), warnings) : (.triesGivenBack, warnings)
  }

  /// Tells the record how a trial was confirmed. Where the ledger has no record of it, `event` says it.
  ///
  /// - Parameter known: the newest entry before; nil where the ledger could not be written. Then what else it would
  ///   have is accounted for at another boot.
  private func reportEnd(of state: DeviceState, since known: Int64?, _ event: RecordEvent) {
    let entries = known.map { state.ledger.history.entries(after: $0) } ?? []
    if let known { report(state.ledger, since: known) }
    let confirmed = HistoryEntry.Event.confirmed.rawValue
    if state.assessment == .trial, !entries.contains(where: { $0.event == confirmed }) {
      recorder.record(event)
    }
  }

  /// Nil when there is no boot environment, or a damaged one.
  func readableControl() throws(BootControlFailure) -> BootControl? {
    do { return try boot.load() } catch {
      guard error.code == .missing || error.code == .damaged else { throw error }
      return nil
    }
  }

  /// Nil where the lock cannot be had and `authority` goes on without it.
  private func lock(_ command: String, _ authority: TrialAuthority) throws -> UpdateLock? {
    do {
      return try UpdateLock(
        directory: layout.runDirectory, command: command, patience: authority.patience)
    } catch  where authority.insists {
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
  private func recreateEnvironment(by authority: TrialAuthority) throws -> [String] {
    var state = stateWithoutWaiting(.scriptDefaults)
    let other = state.ledger[booted.other]?.isGood ?? false
    var control = BootControl(
      first: booted, a: SlotBootState(bootable: other, triesMade: 0),
      b: SlotBootState(bootable: other, triesMade: 0), tries: configuration.tries)
    control[booted].bootable = true
    try boot.recreate(control)
    run.unmarkTrial()
    let known = state.ledger.history.lastNumber
    state.ledger.confirm(booted, by: authority.name, context)
    state.ledger.repaired(booted, detail: "boot environment", context)
    let warnings = saveOrWarn(state)
    report(state.ledger, since: known)
    return warnings
  }

  /// Ends the trial of the booted slot badly: the other slot boots next, and this image is remembered.
  ///
  /// Boot control is written even when the ledger cannot be: then the result comes with a warning.
  ///
  /// - Returns: the version that comes back.
  /// - Throws: `PolicyFailure.noTrial`, `.rollbackUnverified`, `BootControlFailure`, `LockFailure`.
  public func reject(reason: String) throws -> (returnsTo: String, warnings: [String]) {
    try reportingFailure { try rejectLocked(reason) }
  }

  private func rejectLocked(
    _ reason: String
  ) throws -> (returnsTo: String, warnings: [String]) {
    let lock = try lock("reject", .operator)
    defer { withExtendedLifetime(lock) {} }
    let state = stateWithoutWaiting(try boot.load())
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
    let end = TrialFailure(
      reason: reason, evidence: ["an operator rejected it"], authority: .operator)
    return try giveUp(state, end, write: boot.save)
  }

  /// The fall back of `krux-health`: as `reject`, whatever else cannot be read. Boot control is looked at again under
  /// the lock, since an operator may have ended the trial. Without a readable environment a new one is written, at
  /// once with the other slot first.
  ///
  /// - Returns: warnings; nil when no trial is on any more.
  /// - Throws: `BootControlFailure`: the bootloader's tries have to do.
  func fallBack(reason: String, evidence: [String]) throws -> [String]? {
    let lock = try lock("krux-health", .health)
    defer { withExtendedLifetime(lock) {} }
    let end = TrialFailure(reason: reason, evidence: evidence, authority: .health)
    if let control = try readableControl() {
      let state = stateWithoutWaiting(control)
      guard state.assessment == .trial else { return nil }
      return try giveUp(state, end, write: boot.save).warnings
    }
    var anew = BootControl.scriptDefaults
    anew.tries = configuration.tries
    return try giveUp(stateWithoutWaiting(anew), end, write: boot.recreate).warnings
  }

  /// Why a trial ends badly, and who says so.
  private struct TrialFailure {
    let reason: String
    let evidence: [String]
    let authority: TrialAuthority
  }

  private func giveUp(
    _ state: DeviceState, _ end: TrialFailure, write: (BootControl) throws -> Void
  ) throws -> (returnsTo: String, warnings: [String]) {
    var state = state
    var warnings = state.warnings + evidenceOrWarn(state)
    let image = state.ledger.image(in: booted)?.imageDigest
    let known = state.ledger.history.lastNumber
    state.ledger.fail(booted, reason: end.reason, evidence: end.evidence, context)
    warnings += saveOrWarn(state)
    do { try run.recordGivenUp(by: end.authority.name) } catch { warnings.append("\(error)") }
    // After the switch, which is what counts, and whatever comes of it.
    defer {
      report(
        state.ledger, since: known, isRejected: end.authority.name == TrialAuthority.operator.name)
    }
    try write(state.control.fallenBack(from: booted, image: image, reason: end.reason))
    return (state.ledger[booted.other]?.image.version ?? "unknown", warnings)
  }
}
