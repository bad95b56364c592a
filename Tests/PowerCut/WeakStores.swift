import SlotCore
import SlotKit
import SlotKitTesting
import Synchronization
import SystemPackage

/// The boot environment, with a defence taken out; it notes every state that is written.
final class WeakBootControl: BootControlStore {
  private let base: GrubStore
  private let files: WeakFiles
  private let booted: SlotName
  private let weakness: Weakness?
  private let ledgers: WeakLedgers
  /// Before a state is written, and when it was reported as saved.
  private let note: @Sendable (BootControl, _ isSaved: Bool) -> Void

  init(
    _ base: GrubStore, _ files: WeakFiles, booted: SlotName, _ weakness: Weakness?,
    _ ledgers: WeakLedgers, note: @escaping @Sendable (BootControl, _ isSaved: Bool) -> Void
  ) {
    self.base = base
    self.files = files
    self.booted = booted
    self.weakness = weakness
    self.ledgers = ledgers
    self.note = note
  }

  func load() throws(BootControlFailure) -> BootControl { try base.load() }

  func save(_ control: BootControl) throws(BootControlFailure) {
    guard let weakened = weaken(control, try base.load()) else { return }
    note(weakened, false)
    if weakness == .torn { try saveInPlace(weakened) } else { try base.save(weakened) }
    note(weakened, true)
    try? ledgers.saveHeldBack()
  }

  func recreate(_ control: BootControl) throws(BootControlFailure) {
    note(control, false)
    try base.recreate(control)
    note(control, true)
  }

  /// Nil for a write that is left out.
  private func weaken(_ control: BootControl, _ current: BootControl) -> BootControl? {
    var control = control
    switch weakness {
    case .noDisarm
    where control.trial == nil && !control[booted.other].bootable
      && current[booted.other].bootable && current.trial == nil:
      return nil
    case .noTrial: control.trial = nil
    case .noReason: control.reason = nil
    case .noTriesForTheOldSlot where control.trial == booted.other:
      control[booted].triesMade = current[booted].triesMade
    case .noTriesGivenBack: control[booted].triesMade = current[booted].triesMade
    case .noAccount
    where current.trial == booted.other && current[booted.other].triesMade > 0
      && control.trial == nil:
      control = current
      control[booted].triesMade = 0
    default: break
    }
    return control
  }

  /// As a tool does that knows nothing of blocks: variables of others first, ours across the boundary.
  private func saveInPlace(_ control: BootControl) throws(BootControlFailure) {
    var environment = GrubEnvironment()
    environment = try GrubBootControl.write(control, into: environment)
    let filler = GrubEnvironment.Variable(
      name: "filler", value: String(repeating: "x", count: 430))
    environment.variables.insert(filler, at: 0)
    let bytes = try environment.encoded()
    do { try files.overwrite("grubenv", with: bytes) } catch {
      throw BootControlFailure(.ioFailed, "\(error)")
    }
  }
}

/// The ledger, with a defence taken out; it tells of every generation that was saved.
final class WeakLedgers: LedgerStoring {
  private let base: LedgerStore
  private let weakness: Weakness?
  private let isMissing: Bool
  private let saved: @Sendable (Int64) -> Void
  private let heldBack = Mutex<Ledger?>(nil)

  /// - Parameter isMissing: the data partition does not mount.
  init(
    _ base: LedgerStore, _ weakness: Weakness?, isMissing: Bool,
    saved: @escaping @Sendable (Int64) -> Void
  ) {
    self.base = base
    self.weakness = weakness
    self.isMissing = isMissing
    self.saved = saved
  }

  private func requireMount() throws(LedgerFailure) {
    if isMissing { throw LedgerFailure(.ioFailed, "the data partition is not mounted") }
  }

  func load() throws(LedgerFailure) -> LoadedLedger {
    try requireMount()
    return try base.load()
  }

  func save(_ ledger: Ledger) throws(LedgerFailure) -> Ledger {
    try requireMount()
    let states = SlotName.allCases.map { ledger[$0]?.state }
    if weakness == .noInstallRecord, states.contains(.writing) { return ledger }
    if weakness == .stagedAfterSwitch, states.contains(.staged) {
      heldBack.withLock { $0 = ledger }
      return ledger
    }
    let result = try base.save(ledger)
    saved(result.generation)
    return result
  }

  func saveHeldBack() throws(LedgerFailure) {
    guard
      let ledger = heldBack.withLock({ ledger in
        defer { ledger = nil }
        return ledger
      })
    else { return }
    saved(try base.save(ledger).generation)
  }

  func requireReserve() throws(LedgerFailure) {
    try requireMount()
    try base.requireReserve()
  }
}
