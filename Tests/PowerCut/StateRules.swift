import SlotCore
import SlotKit
import SlotKitTesting

/// What holds in every state that a power cut can leave, before anything runs.
///
/// What stands in environment and ledger is read once for all states that have it.
final class StateRules {
  private let shop: ReleaseShop
  private let journal: NoteBook
  private var controls: [[BlockContent]: Result<BootControl, BootControlFailure>] = [:]
  private var loaded: [[[BlockContent]]: LoadedLedger] = [:]

  init(shop: ReleaseShop, journal: NoteBook) {
    self.shop = shop
    self.journal = journal
  }

  /// - Throws: `Violation`.
  ///
  /// - Parameter isLying: the disk may have altered the first 64 KiB while they were written.
  func check(
    _ appliance: Appliance, _ notes: Appliance.Notes, isLying: Bool = false
  ) throws {
    let contents = SlotName.allCases.map {
      ($0, SlotContents(shop, appliance.disk.view[Appliance.Volume.slots[$0] ?? 0]))
    }
    let slots = Dictionary(uniqueKeysWithValues: contents)
    let ledger = try ledger(appliance, notes)
    try checkRecords(ledger, slots)
    if let control = try control(appliance, notes) {
      try check(control, ledger, slots)
    }
    for (slot, contents) in slots
    where contents.mayLoad && !contents.isWholeButHead && !isLying {
      throw Violation(
        "slot \(slot.rawValue) is half-written and would load: with a damaged environment it boots")
    }
  }

  private func control(
    _ appliance: Appliance, _ notes: Appliance.Notes
  ) throws -> BootControl? {
    let key = appliance.environmentBlocks
    let result =
      controls[key]
      ?? Result { () throws(BootControlFailure) in try appliance.environment.load() }
    controls[key] = result
    let control: BootControl
    do { control = try result.get() } catch {
      if notes.environmentIsDamaged { return nil }
      throw Violation("the boot environment cannot be read: \(error.message)")
    }
    guard journal.mayBe(control, by: notes) || notes.environmentIsDamaged else {
      throw Violation(
        "the boot environment holds a state that nobody wrote, or one before what was saved: \(control)"
      )
    }
    return control
  }

  private func check(
    _ control: BootControl, _ ledger: Ledger, _ slots: [SlotName: SlotContents]
  ) throws {
    guard control.hasBootableSlot else { throw Violation("no slot is bootable") }
    for (slot, contents) in slots where control[slot].bootable && contents.release == nil {
      throw Violation("slot \(slot.rawValue) is bootable and not whole")
    }
    guard let trial = control.trial else { return }
    let record = ledger[trial]
    guard let record, [.staged, .failed, .confirmed].contains(record.state) else {
      throw Violation(
        "slot \(trial.rawValue) is on trial and the ledger says \(record?.state.rawValue ?? "nothing")"
      )
    }
    if control[trial].triesMade == 0, control[trial.other].triesMade > 0 {
      throw Violation("a trial begins, and the way back has not all its tries")
    }
  }

  private func ledger(_ appliance: Appliance, _ notes: Appliance.Notes) throws -> Ledger {
    let key = appliance.ledgerBlocks
    let loaded = try self.loaded[key] ?? appliance.ledgers.load()
    self.loaded[key] = loaded
    guard loaded.ledger.generation >= notes.savedGeneration else {
      throw Violation(
        "ledger \(notes.savedGeneration) was reported as saved, and generation"
          + " \(loaded.ledger.generation) is read (\(loaded.origin))")
    }
    return loaded.ledger
  }

  private func checkRecords(_ ledger: Ledger, _ slots: [SlotName: SlotContents]) throws {
    for slot in SlotName.allCases {
      guard let record = ledger[slot], record.state != .writing else { continue }
      guard slots[slot]?.release?.digest == record.image.imageDigest else {
        throw Violation(
          "the ledger says that slot \(slot.rawValue) holds \(record.image.version)"
            + " (\(record.state.rawValue)), and it does not")
      }
    }
  }
}
