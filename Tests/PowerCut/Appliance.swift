import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import Synchronization
import SystemPackage

/// An appliance on a `PowerCutDisk`: the product's own updater and health watch, GRUB's part by `BootDecision`.
final class Appliance {
  /// The volumes that are there from the start.
  enum Volume {
    static let slots: [SlotName: PowerCutDisk.Volume] = [.a: 0, .b: 1]
    static let espNames = 2
    static let dataNames = 3
  }

  /// What a cut at some moment has to be judged by, noted while the appliance lives.
  struct Notes: Hashable, Sendable {
    /// What is being done, for people.
    var step: String
    /// The newest ledger that was reported as saved.
    var savedGeneration: Int64 = 0
    /// The release that is being installed, or was last.
    var installing: Int
    /// The environment was destroyed on purpose.
    var environmentIsDamaged = false
    /// Releases that may be held responsible for a failed trial.
    var blamed: Set<Int> = []
    /// Releases whose trial has ended badly: they must be remembered.
    var failed: Set<Int> = []
    /// Of the states of boot control that were meant, by number: the last that was reported as saved, and the last
    /// that may have been written.
    var savedControl = 0
    var writtenControl = 0
    /// So far, for the name of the next one.
    var boots = 0

    /// Whatever the further life of a state is judged by.
    var continued: Notes {
      var notes = judged
      notes.savedGeneration = 0
      notes.savedControl = 0
      notes.writtenControl = 0
      notes.boots = 0
      return notes
    }

    /// Whatever a state is judged by.
    var judged: Notes {
      var notes = self
      notes.step = ""
      return notes
    }
  }

  let shop: ReleaseShop
  let disk: PowerCutDisk
  let weakness: Weakness?
  private let esp: WeakFiles
  private let data: WeakFiles
  private let journal: NoteBook
  private(set) var booted: SlotName = .a
  private var bootID = ""
  /// What the disk does to one write of the next install.
  var fault: WeakSlot.Fault?
  private(set) var lastSlot: WeakSlot?

  /// - Parameter names: where file names stand, from the appliance whose disk this was.
  init(
    _ shop: ReleaseShop, disk: PowerCutDisk, names: Names = Names(), _ journal: NoteBook,
    weakness: Weakness? = nil
  ) {
    self.shop = shop
    self.disk = disk
    self.weakness = weakness
    self.journal = journal
    esp = WeakFiles(
      base: PowerCutFiles(disk, directory: Volume.espNames, .fat, places: names.esp),
      disk: disk, weakness: weakness)
    data = WeakFiles(
      base: PowerCutFiles(disk, directory: Volume.dataNames, .journaled, places: names.data),
      disk: disk, weakness: weakness)
  }

  /// Where names stand in the two directories.
  struct Names: Sendable {
    var esp: [String: Int] = [:]
    var data: [String: Int] = [:]
  }

  var names: Names { Names(esp: esp.base.names, data: data.base.names) }
  var notes: Notes { journal.last }
  func note(_ change: (inout Notes) -> Void) { disk.mark(journal.add(change)) }

  /// Boot control as it may be found from now on.
  func mean(_ control: BootControl, isSaved: Bool = false) {
    let number = journal.number(of: control, isNew: true)
    note {
      $0.writtenControl = number
      if isSaved { $0.savedControl = number }
    }
  }

  // MARK: - The disk

  var environment: GrubStore { GrubStore(path: "/esp/grubenv", files: esp) }
  var ledgers: LedgerStore { LedgerStore(directory: "/data", files: data) }

  /// The blocks of the boot environment; empty when there is none.
  var environmentBlocks: [BlockContent] { blocks("grubenv", esp) }

  /// The same of the ledger and of the one before it.
  var ledgerBlocks: [[BlockContent]] {
    ["ledger.json", "ledger.previous.json"].map { blocks($0, data) }
  }

  private func blocks(_ name: String, _ files: WeakFiles) -> [BlockContent] {
    files.base.volume(of: name).map { disk.view[$0] } ?? []
  }

  /// What the boot script reads.
  var control: BootControl { (try? environment.loadAsBootloader()) ?? .scriptDefaults }

  func release(in slot: SlotName) -> Release? {
    shop.release(in: disk.view[Volume.slots[slot] ?? 0])
  }

  func destroyEnvironment() throws {
    note { $0.environmentIsDamaged = true }
    try esp.base.overwrite("grubenv", with: [UInt8](repeating: 0, count: 1024))
  }

  /// Bytes of something else behind the first 64 KiB of the slot that is not running.
  func fillOtherSlot() {
    let head = SlotContents.headBlocks
    let rest = [UInt8](repeating: 0x5A, count: shop.imageBytes - head * PowerCutDisk.blockBytes)
    disk.write(rest, to: Volume.slots[booted.other] ?? 1, atBlock: head)
  }

  /// Variables of others move in before the project's own.
  func addForeignVariables() throws {
    guard let bytes = try esp.read("grubenv", limit: 1024) else { return }
    var environment = try GrubEnvironment(decoding: bytes)
    environment.variables.insert(
      GrubEnvironment.Variable(name: "menu", value: String(repeating: "m", count: 400)), at: 0)
    try esp.base.overwrite("grubenv", with: try environment.encoded())
  }

  /// The factory's work: the first release in slot A, an empty slot B.
  static func provisioned(
    _ shop: ReleaseShop, weakness: Weakness?, journal: NoteBook
  ) throws -> Appliance {
    let disk = PowerCutDisk(volumes: [shop.imageBytes, shop.imageBytes, 512, 512], pool: shop.pool)
    let appliance = Appliance(shop, disk: disk, journal)
    let first = shop.releases[0]
    first.bundle.image.withUnsafeBytes { disk.write($0, to: 0, atBlock: 0) }
    var ledger = Ledger()
    ledger.provision(
      .a,
      ImageIdentity(
        version: first.version, sequence: 1, imageDigest: first.digest,
        imageLength: UInt64(first.bundle.image.count), frameSize: SampleBundle.frameSize),
      LedgerContext(now: Appliance.now, bootID: "factory"))
    let saved = try appliance.ledgers.save(ledger)
    try appliance.environment.recreate(
      BootControl(
        first: .a, a: SlotBootState(bootable: true, triesMade: 0),
        b: SlotBootState(bootable: false, triesMade: 0)))
    let clean = PowerCutDisk(disk.view, pool: shop.pool)
    let result = Appliance(
      shop, disk: clean, names: appliance.names, journal, weakness: weakness)
    result.note { $0.savedGeneration = saved.generation }
    return result
  }

  static let now = Timestamp(seconds: 1_800_000_000)

  // MARK: - One boot

  /// Firmware and boot script: what was in memory is gone, what was written stays.
  func powerOn() -> BootDecision.Outcome {
    let before = control
    let decision = BootDecision(before) { hasHead($0) }
    note { $0.boots += 1 }
    bootID = "boot-\(notes.boots)"
    try? FileManager.default.removeItem(atPath: shop.folder.appending("run").string)
    guard case .boot(let slot) = decision.outcome else { return .rescue }
    booted = slot
    mean(decision.after)
    try? describe(slot)
    try? spend(decision.after)
    return .boot(slot)
  }

  /// What the booted image says of itself.
  private func describe(_ slot: SlotName) throws {
    guard let release = release(in: slot) else { return }
    let text = "IMAGE_VERSION=\(release.version)\nKRUX_SEQUENCE=\(release.number + 1)\n"
    try Data(text.utf8).write(
      to: URL(filePath: shop.folder.appending("os-release").string))
  }

  /// `save_env`: values change in their places, the whole block is written, and nobody flushes it.
  private func spend(_ control: BootControl) throws {
    guard let bytes = try esp.read("grubenv", limit: 1024),
      let file = esp.base.volume(of: "grubenv")
    else { return }
    var environment = try GrubEnvironment(decoding: bytes)
    let new = try GrubBootControl.write(control, into: environment)
    for index in environment.variables.indices {
      let name = environment.variables[index].name
      environment.variables[index].value = new[name] ?? ""
    }
    disk.write(try environment.encoded(), to: file, atBlock: 1)
  }

  /// A boot script finds a kernel in this slot, right or wrong.
  func hasHead(_ slot: SlotName) -> Bool {
    SlotContents(shop, disk.view[Volume.slots[slot] ?? 0]).mayLoad
  }

  private var parts: (boot: WeakBootControl, ledgers: WeakLedgers) {
    let isMissing = release(in: booted)?.nature == .withoutData
    let journal = journal
    let disk = disk
    let ledgers = WeakLedgers(ledgers, weakness, isMissing: isMissing) { generation in
      disk.mark(journal.add { $0.savedGeneration = generation })
    }
    let boot = WeakBootControl(environment, esp, booted: booted, weakness, ledgers) {
      control, isSaved in
      let number = journal.number(of: control, isNew: !isSaved)
      disk.mark(
        journal.add { notes in
          notes.writtenControl = max(notes.writtenControl, number)
          if isSaved { notes.savedControl = number }
        })
    }
    return (boot, ledgers)
  }

  private func updater(
    _ cancellation: Cancellation = Cancellation(), ledgers: (any LedgerStoring)? = nil,
    deadline: Int64 = Updater.ledgerDeadline
  ) -> Updater {
    let parts = parts
    return Updater(
      layout: .folder(shop.folder), configuration: shop.configuration,
      machine: SimulatedMachine(booted: booted, bootID: bootID) { [self] slot in
        device(slot)
      },
      boot: parts.boot, ledgers: ledgers ?? parts.ledgers, clock: { Appliance.now },
      ledgerDeadline: deadline,
      cancellation: cancellation)
  }

  private func device(_ slot: SlotName) -> any SlotDevice {
    let base = PowerCutSlot(disk, volume: Volume.slots[slot] ?? 0, name: "slot \(slot.rawValue)")
    guard slot != booted else { return base }
    let head = shop.releases[notes.installing].bundle.image.prefix(64 << 10)
    let slot = WeakSlot(base, weakness, head: Array(head), fault: fault)
    lastSlot = slot
    return slot
  }

  /// `krux-health` over the booted system.
  ///
  /// - Parameter ledgers: in the place of those on the disk.
  /// - Parameter deadline: milliseconds that it waits for them.
  func watch(
    ledgers: (any LedgerStoring)? = nil, deadline: Int64 = Updater.ledgerDeadline
  ) throws -> HealthOutcome {
    let check = release(in: booted)?.check ?? .unhealthy(reason: "no system")
    let updater = updater(ledgers: ledgers, deadline: deadline)
    return try HealthRun(updater, ScriptedHealth([check])).run()
  }

  /// - Parameter interruptedAt: the operator ends it after so many bytes.
  func apply(_ release: Int, interruptedAt: UInt64 = .max) throws -> ApplyOutcome {
    note { $0.installing = release }
    let cancellation = Cancellation()
    return try updater(cancellation).apply(.file(shop.releases[release].path), ApplyOptions()) {
      if case .progress(.writing, let done, _, _) = $0, done >= interruptedAt {
        cancellation.cancel(signal: 2)
      }
    }
  }

  func rollback() throws -> RollbackOutcome { try updater().rollback(force: false) { _ in } }
  func confirm() throws { _ = try updater().confirm() }
  func status() throws -> UpdateStatus { try updater().status() }

  func reject() throws {
    let number = release(in: booted)?.number ?? 0
    note { $0.blamed.insert(number) }
    _ = try updater().reject(reason: Release.rejection)
    note { $0.failed.insert(number) }
  }

  func restart() { disk.flushAll() }
}

/// The machine around a simulated boot.
struct SimulatedMachine: Machine {
  let bootedSlot: SlotName
  let bootID: String
  let warnings: [String] = []
  private let device: @Sendable (SlotName) -> any SlotDevice

  init(booted: SlotName, bootID: String, device: @escaping (SlotName) -> any SlotDevice) {
    bootedSlot = booted
    self.bootID = bootID
    // One thread at a time uses an appliance.
    nonisolated(unsafe) let device = device
    self.device = { device($0) }
  }

  func location(of slot: SlotName) throws -> SlotLocation {
    let device = device(slot)
    return SlotLocation(
      slot: slot, path: "/dev/null", displayName: device.name, capacity: device.byteCount)
  }

  func checkTarget(_ location: SlotLocation) throws {}

  func open(_ location: SlotLocation, _ access: DirectDevice.Access) throws -> any SlotDevice {
    device(location.slot)
  }

  func reboot() throws {}
}

/// The notes of one life, by number, and every state of boot control that was ever meant.
final class NoteBook: Sendable {
  private struct State {
    var notes: [Appliance.Notes]
    /// In the order in which they were meant.
    var controls: [BootControl] = []
    var numbers: [BootControl: [Int]] = [:]
  }

  private let state: Mutex<State>

  init(_ first: Appliance.Notes = Appliance.Notes(step: "factory", installing: 1)) {
    state = Mutex(State(notes: [first]))
  }

  var last: Appliance.Notes { state.withLock { $0.notes[$0.notes.count - 1] } }
  subscript(number: Int) -> Appliance.Notes { state.withLock { $0.notes[number] } }

  /// The number of `control`: a new one, or the last that it has.
  func number(of control: BootControl, isNew: Bool) -> Int {
    state.withLock { state in
      if !isNew, let number = state.numbers[control]?.last { return number }
      state.controls.append(control)
      state.numbers[control, default: []].append(state.controls.count - 1)
      return state.controls.count - 1
    }
  }

  /// Whether `control` was meant, and not before what was last reported as saved.
  func mayBe(_ control: BootControl, by notes: Appliance.Notes) -> Bool {
    state.withLock { state in
      (state.numbers[control] ?? []).contains {
        $0 >= notes.savedControl && $0 <= notes.writtenControl
      }
    }
  }

  func add(_ change: (inout Appliance.Notes) -> Void) -> Int {
    state.withLock { state in
      var notes = state.notes[state.notes.count - 1]
      change(&notes)
      state.notes.append(notes)
      return state.notes.count - 1
    }
  }
}
