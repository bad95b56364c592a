internal import SlotCore

/// Boot control and ledger as one reading, with what has to be put right first.
struct DeviceState {
  var control: BootControl
  var ledger: Ledger
  let assessment: BootAssessment
  /// The environment as it was read has a try of the booted slot spent.
  let trySpent: Bool
  let savesTries: Bool
  /// The ledger could not be read, and must not be written over.
  let ledgerIsUnreadable: Bool
  /// There is none: a new device, or a data partition that is not mounted yet.
  let ledgerIsMissing: Bool
  /// For the operator's eyes: a ledger that could not be read, for instance.
  let warnings: [String]
}

extension Updater {
  /// Reads both. A ledger that is damaged is warned about and not an error: it costs history, never a boot.
  ///
  /// - Throws: `BootControlFailure`, and `LedgerFailure` when the data partition cannot be read.
  func readState() throws -> DeviceState {
    let control = try boot.load()
    return deviceState(control, try ledgers.load())
  }

  /// The same for the commands that end a trial: they wait for the ledger no longer than `ledgerDeadline`,
  /// and do without it then (docs/boot.md, rule 4).
  func stateWithoutWaiting(_ control: BootControl) -> DeviceState {
    let ledgers = ledgers
    let loaded = Threads.bounded(milliseconds: ledgerDeadline) {
      Result { () throws(LedgerFailure) in try ledgers.load() }
    }
    switch loaded {
    case .success(let loaded): return deviceState(control, loaded)
    case .failure(let failure): return deviceState(control, nil, [failure.message])
    case nil: return deviceState(control, nil, ["the data partition does not answer"])
    }
  }

  /// `ledgerDeadline` where nobody asks for another one.
  public static let ledgerDeadline: Int64 = 5000

  /// Saves the ledger within the deadline; what went wrong comes back as a warning.
  func saveOrWarn(_ state: DeviceState) -> [String] {
    guard !state.ledgerIsUnreadable else { return [] }
    let (ledgers, ledger) = (ledgers, state.ledger)
    let saved = Threads.bounded(milliseconds: ledgerDeadline) {
      Result { () throws(LedgerFailure) in try ledgers.save(ledger) }
    }
    switch saved {
    case .success: return []
    case .failure(let failure): return [failure.message]
    case nil: return ["the data partition does not answer; the ledger was not written"]
    }
  }

  private func deviceState(
    _ control: BootControl, _ loaded: LoadedLedger?, _ warnings: [String] = []
  ) -> DeviceState {
    DeviceState(
      control: control, ledger: loaded?.ledger ?? Ledger(),
      assessment: BootAssessment(
        control, ledger: loaded?.ledger, booted: booted, bootID: machine.bootID,
        gaveUp: run.gaveUp != nil),
      trySpent: control[booted].triesMade > 0,
      savesTries: TryEvidence(control, booted: booted, seenThisBoot: run.trySeen).isSaved,
      ledgerIsUnreadable: loaded == nil,
      ledgerIsMissing: loaded?.origin == LoadedLedger.Origin.none,
      warnings: machine.warnings + warnings + (loaded.map(Updater.warnings) ?? []))
  }

  static func warnings(_ loaded: LoadedLedger) -> [String] {
    var warnings: [String] = []
    switch loaded.origin {
    case .current: break
    case .none: warnings.append("there is no ledger yet; history starts now")
    case .previous(let reason): warnings.append("\(reason); the one before it is used")
    case .lost(let reason): warnings.append("\(reason); history starts anew")
    }
    if let number = loaded.ledger.history.firstBrokenNumber {
      warnings.append("the history was changed or damaged at entry \(number)")
    }
    return warnings
  }

  /// The state with the account of the last boot made, in memory: who failed and why, and what never happened.
  func settled(_ state: DeviceState) -> DeviceState {
    var state = state
    switch state.assessment {
    case .settled, .trial, .staged, .givenUp: break
    case .failedOver(let slot):
      let reason =
        state.control.triesLeft(slot) == 0
        ? "\(state.control.tries) of \(state.control.tries) boots of it were not found healthy"
        : "the bootloader could not load it"
      state.ledger.failOver(from: slot, reason: reason, context)
    case .returned(let failed, let reason): settle(&state, failed, reason)
    case .switchNeverHappened(let slot): state.ledger.cancel(slot, context)
    }
    return state
  }

  private func settle(_ state: inout DeviceState, _ failed: SlotName, _ reason: String) {
    let image = state.ledger.image(in: failed)?.imageDigest
    if state.control.trial == failed {
      let since = state.ledger[failed]?.since ?? context.now
      let end = TrialEnd(state.control, of: failed, machine.traces(since: since))
      if !end.isConclusive {
        let isFirst = state.ledger[failed]?.inconclusive == nil
        state.ledger.leaveOpen(failed, end, context)
        if isFirst {
          state.control = state.control.leftOpen(booted: booted, tried: failed)
          return
        }
      } else {
        state.ledger.fail(failed, reason: end.reason, evidence: end.evidence, context)
      }
    } else {
      // Whoever gave the slot up has said why; where the data partition was there, the ledger has it already.
      state.ledger.fail(
        failed, reason: reason, evidence: ["boot control: the system on trial left this reason"],
        context)
    }
    state.control = state.control.accounted(booted: booted, failed: failed, image: image)
  }

  /// Makes the account of a return hold, before anything else is recorded: the ledger, then boot control. Where
  /// the ledger cannot be written nothing is, and the next boot accounts again.
  ///
  /// - Returns: the state after it.
  /// - Throws: `LedgerFailure`, `BootControlFailure`.
  func accounted(_ state: DeviceState) throws -> DeviceState {
    var settled = settled(state)
    guard settled.ledger != state.ledger || settled.control != state.control else { return state }
    try recordEvidence(state)
    settled.ledger = try ledgers.save(settled.ledger)
    report(settled.ledger, since: state.ledger.history.lastNumber)
    if settled.control != state.control { try boot.save(settled.control) }
    return settled
  }

  /// The same at a boot, which no data partition may hold up: the ledger gets its deadline.
  ///
  /// - Returns: what went wrong.
  func accountWithoutWaiting(_ state: DeviceState) throws -> [String] {
    let settled = settled(state)
    if settled.ledger != state.ledger {
      let warnings = saveOrWarn(settled)
      guard warnings.isEmpty else { return warnings }
      report(settled.ledger, since: state.ledger.history.lastNumber)
    }
    guard settled.control != state.control else { return [] }
    try recordEvidence(state)
    try boot.save(settled.control)
    return []
  }

  /// Writes the try of this boot down before it is given back, so that a later command still knows of it.
  func recordEvidence(_ state: DeviceState) throws {
    if state.trySpent { try run.recordTrySeen() }
  }
}
