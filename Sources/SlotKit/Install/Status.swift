public import SlotCore

/// What `status` shows, as values.
public struct UpdateStatus: Equatable, Sendable {
  public struct Slot: Equatable, Sendable {
    public var name: SlotName
    public var device: String
    public var record: SlotRecord?
    public var bootable: Bool
    public var triesLeft: Int

    /// What the slot holds; nil while an install is recorded, which may not have got as far as writing.
    public var image: ImageIdentity? {
      record.flatMap { $0.state == .writing ? nil : $0.image }
    }
  }

  public var booted: Slot
  public var other: Slot
  /// Of the running image, by its own word or the ledger's.
  public var version: String?
  public var assessment: BootAssessment
  public var tries: Int
  /// What the boot script would do now; nil when the boot environment cannot be read.
  public var nextBoot: BootDecision.Outcome
  public var environmentError: String?
  public var floor: Int64
  public var knownBad: [KnownBad]
  public var history: [HistoryEntry]
  /// The other slot holds all of its image, which automatic updates wrote and did not make next to boot.
  public var isDownloaded: Bool
  /// How far the watch over this boot is; nil when nobody watches.
  public var health: HealthReport?
  public var warnings: [String]

  /// The version whose trial ended in a return to the running one, and why. What the ledger says is whole, where
  /// boot control has room for a part only.
  public var returned: (version: String, reason: String)? {
    if let record = other.record, record.state == .failed {
      return (record.image.version, record.failure ?? "unknown")
    }
    if case .returned(_, let reason) = assessment {
      return (other.record?.image.version ?? "unknown", reason)
    }
    guard let record = other.record else {
      // The ledger was lost with the version that failed; what was accounted for is in the new one.
      let last = history.last { $0.slot == other.name.rawValue }
      guard let last, last.event == HistoryEntry.Event.failed.rawValue else { return nil }
      return (last.version, last.detail ?? "unknown")
    }
    guard record.state == .cancelled, let reason = record.inconclusive else { return nil }
    return (record.image.version, "\(reason); it left no trace of why, and can be applied again")
  }

  /// The confirmed version that the bootloader went on from, and why.
  public var failedOver: (version: String, reason: String)? {
    guard case .failedOver(let slot) = assessment else { return nil }
    let version = other.record?.image.version ?? "unknown"
    let what =
      other.triesLeft == 0
      ? "\(tries) boots of slot \(slot.rawValue) in a row were not found healthy"
      : "the bootloader could not load slot \(slot.rawValue)"
    return (version, "\(what); 'krux-update rollback' returns to it")
  }

  /// Whether the other slot can be rolled back to, as far as is known without reading it.
  public var rollbackVersion: String? {
    guard let record = other.record, record.isGood else { return nil }
    return record.image.version
  }
}

extension Updater {
  /// Reads what there is and writes nothing, not even a lock: it works beside a running update.
  ///
  /// - Throws: `SlotFailure`. Damage of ledger and boot environment is part of the result.
  public func status() throws -> UpdateStatus {
    let loaded: LoadedLedger
    var warnings = machine.warnings
    do {
      loaded = try ledgers.load()
      warnings += Updater.warnings(loaded)
    } catch {
      loaded = LoadedLedger(ledger: Ledger(), origin: .none)
      warnings.append(error.message)
    }
    var environmentError: String?
    let control: BootControl
    do { control = try boot.load() } catch {
      control = .scriptDefaults
      environmentError = error.message
    }
    let ledger = loaded.ledger
    func slot(_ name: SlotName) throws -> UpdateStatus.Slot {
      UpdateStatus.Slot(
        name: name, device: try machine.location(of: name).displayName, record: ledger[name],
        bootable: control[name].bootable, triesLeft: control.triesLeft(name))
    }
    return UpdateStatus(
      booted: try slot(booted), other: try slot(booted.other),
      version: identity.version ?? ledger.image(in: booted)?.version,
      // The script's defaults are no state that anything could be told from.
      assessment: environmentError != nil
        ? .settled
        : BootAssessment(
          control, ledger: ledger, booted: booted, bootID: machine.bootID,
          gaveUp: run.gaveUp != nil),
      tries: control.tries, nextBoot: BootDecision(control).outcome,
      environmentError: environmentError, floor: max(identity.floor ?? 0, ledger.floor),
      knownBad: ledger.knownBad, history: ledger.history.entries,
      isDownloaded: isDownloaded(ledger[booted.other]), health: run.health,
      warnings: warnings)
  }

  private func isDownloaded(_ record: SlotRecord?) -> Bool {
    guard let record, record.state == .writing else { return false }
    return autoStore.memory().downloaded == record.image.imageDigest
  }
}
