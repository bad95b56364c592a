internal import SlotCore

/// Boot control and ledger as one reading, with what has to be put right first.
struct DeviceState {
  var control: BootControl
  var ledger: Ledger
  let assessment: BootAssessment
  let savesTries: Bool
  /// For the operator's eyes: a ledger that could not be read, for instance.
  let warnings: [String]
}

extension Updater {
  /// Reads both. A ledger that is damaged is warned about and not an error: it costs history, never a boot.
  ///
  /// - Throws: `BootControlFailure`, and `LedgerFailure` when the data partition cannot be read.
  func readState() throws -> DeviceState {
    let control = try boot.load()
    let loaded = try ledgers.load()
    return DeviceState(
      control: control, ledger: loaded.ledger,
      assessment: BootAssessment(
        control, ledger: loaded.ledger, booted: booted, bootID: machine.bootID),
      savesTries: TryEvidence(control, booted: booted, seenThisBoot: run.trySeen).isSaved,
      warnings: machine.warnings + Updater.warnings(loaded))
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

  /// The state with the account of the last boot made, in memory: who failed, and what never happened.
  func settled(_ state: DeviceState) -> DeviceState {
    var state = state
    switch state.assessment {
    case .settled, .trial, .staged: break
    case .returned(let failed, let reason):
      state.ledger.fail(failed, reason: reason, context)
      state.control = state.control.accounted(
        booted: booted, failed: failed, image: state.ledger[failed]?.image.imageDigest)
    case .switchNeverHappened(let slot): state.ledger.cancel(slot, context)
    }
    return state
  }

  /// Writes the try of this boot down before it is given back, so that a later command still knows of it.
  func recordEvidence(_ control: BootControl) throws {
    if control[booted].triesMade > 0 { try run.recordTrySeen() }
  }
}
