public import SlotCore
public import SlotKit
internal import Synchronization
internal import SystemPackage

/// A device whose slots, boot environment and ledger are in memory.
public final class MemoryMachine: Machine {
  public let bootedSlot: SlotName
  public let bootID: String
  public let warnings: [String] = []
  public let startedAsTrial: Bool
  private let traces: TrialTraces
  private let devices: [SlotName: MemoryDevice]

  public init(
    booted: SlotName = .a, bootID: String = "boot-1", startedAsTrial: Bool = false,
    traces: TrialTraces = TrialTraces(), devices: [SlotName: MemoryDevice] = [:]
  ) {
    bootedSlot = booted
    self.bootID = bootID
    self.startedAsTrial = startedAsTrial
    self.traces = traces
    self.devices = devices
  }

  public func traces(since: Timestamp) -> TrialTraces { traces }

  private func device(_ slot: SlotName) throws -> MemoryDevice {
    guard let device = devices[slot] else {
      throw SlotFailure(.notFound, "slot \(slot.rawValue) is missing")
    }
    return device
  }

  public func location(of slot: SlotName) throws -> SlotLocation {
    let device = try device(slot)
    return SlotLocation(
      slot: slot, path: "/dev/null", displayName: device.name, capacity: device.byteCount)
  }

  public func checkTarget(_ location: SlotLocation) throws {}

  public func open(
    _ location: SlotLocation, _ access: DirectDevice.Access
  ) throws -> any SlotDevice {
    try device(location.slot)
  }

  public func reboot() throws {}
}

/// Boot control in memory. Keeps every state that was written, and can refuse.
public final class MemoryBootControl: BootControlStore {
  private let states: Mutex<[BootControl]>
  private let refusal: Mutex<BootControlFailure?>
  private let readRefusal: Mutex<BootControlFailure?>

  public init(_ control: BootControl) {
    states = Mutex([control])
    refusal = Mutex(nil)
    readRefusal = Mutex(nil)
  }

  /// Every state so far, the first one included.
  public var history: [BootControl] { states.withLock { $0 } }
  public var current: BootControl { states.withLock { $0[$0.count - 1] } }

  public func refuseWrites(_ failure: BootControlFailure?) { refusal.withLock { $0 = failure } }

  /// Until a new environment takes the place of the one that cannot be read.
  public func refuseReads(_ failure: BootControlFailure?) { readRefusal.withLock { $0 = failure } }

  public func load() throws(BootControlFailure) -> BootControl {
    if let failure = readRefusal.withLock({ $0 }) { throw failure }
    return current
  }

  public func save(_ control: BootControl) throws(BootControlFailure) {
    if let failure = refusal.withLock({ $0 }) { throw failure }
    states.withLock { $0.append(control) }
  }

  public func recreate(_ control: BootControl) throws(BootControlFailure) {
    try save(control)
    refuseReads(nil)
  }
}

/// A ledger in memory, which can refuse as a full or failing data partition does.
public final class MemoryLedger: LedgerStoring {
  private let ledger: Mutex<Ledger>
  private let refusal: Mutex<LedgerFailure?>
  private let readRefusal: Mutex<LedgerFailure?>

  public init(_ ledger: Ledger = Ledger()) {
    self.ledger = Mutex(ledger)
    refusal = Mutex(nil)
    readRefusal = Mutex(nil)
  }

  public var current: Ledger { ledger.withLock { $0 } }

  public func refuseWrites(_ failure: LedgerFailure?) { refusal.withLock { $0 = failure } }

  public func refuseReads(_ failure: LedgerFailure?) { readRefusal.withLock { $0 = failure } }

  public func load() throws(LedgerFailure) -> LoadedLedger {
    if let failure = readRefusal.withLock({ $0 }) { throw failure }
    return LoadedLedger(ledger: current, origin: .current)
  }

  public func save(_ ledger: Ledger) throws(LedgerFailure) -> Ledger {
    if let failure = refusal.withLock({ $0 }) { throw failure }
    let saved = try Ledger(decoding: ledger.encoded())
    self.ledger.withLock { $0 = saved }
    return saved
  }

  public func requireReserve() throws(LedgerFailure) {
    if let failure = refusal.withLock({ $0 }) { throw failure }
  }
}
