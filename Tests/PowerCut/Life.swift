import SlotCore
import SlotKit
import SlotKitTesting

/// What a step of a life found that must not be.
struct Violation: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The whole life of an appliance, written to its disk's log: updates that end well and badly in every way,
/// roll backs, a destroyed environment.
struct Life {
  let appliance: Appliance
  let journal: NoteBook
  /// The disk before the first step.
  let start: DiskImage

  init(_ shop: ReleaseShop, weakness: Weakness? = nil) throws {
    journal = NoteBook()
    appliance = try Appliance.provisioned(shop, weakness: weakness, journal: journal)
    start = appliance.disk.view
    appliance.mean(appliance.control, isSaved: true)
  }

  /// - Throws: `Violation` when a step does not end as it has to.
  func live() throws {
    try step("first boot") { try expectHealthy() }
    try step("update") { try update(to: 1) }
    try step("apply instead of what is staged") { try replaceStaged(2, with: 3) }
    try step("update to an unhealthy release") { try comeBack(from: 2) }
    try step("apply again after a fall back") { try update(to: 3) }
    try step("roll back") { try rollBack() }
    try step("update to a release that crashes") { try exhaust(4) }
    try step("interrupted update") { try interrupt(5) }
    try step("cancel") { try cancel(5) }
    try step("apply again after a cancellation") { try update(to: 5) }
    try step("update to a release without data") { try comeBack(from: 6) }
    try step("update that an operator rejects") { try reject(7) }
    try step("environment destroyed") { try repair() }
    try step("variables of others") { try moveIn() }
    try step("last update") { try update(to: 8) }
  }

  private func step(_ name: String, _ body: () throws -> Void) throws {
    appliance.note { $0.step = name }
    do { try body() } catch { throw Violation("\(name): \(error)") }
  }

  // MARK: - Steps

  private func boot(_ slot: SlotName? = nil) throws {
    let outcome = appliance.powerOn()
    guard case .boot(let booted) = outcome else { throw Violation("no slot boots") }
    if let slot, slot != booted { throw Violation("slot \(booted) boots") }
  }

  private func expectHealthy() throws {
    try boot()
    let outcome = try appliance.watch()
    switch outcome {
    case .confirmed, .triesGivenBack, .environmentRecreated: break
    default: throw Violation("the boot ends \(outcome)")
    }
  }

  private func stage(_ release: Int) throws -> SlotName {
    guard case .staged = try appliance.apply(release) else { throw Violation("not staged") }
    appliance.restart()
    return appliance.booted.other
  }

  private func update(to release: Int) throws {
    let target = try stage(release)
    try boot(target)
    guard case .confirmed = try appliance.watch() else { throw Violation("not confirmed") }
  }

  private func comeBack(from release: Int) throws {
    let target = try stage(release)
    try boot(target)
    appliance.note { $0.blamed.insert(release) }
    guard case .fellBack = try appliance.watch() else { throw Violation("did not fall back") }
    appliance.note { $0.failed.insert(release) }
    appliance.restart()
    try boot(target.other)
    _ = try appliance.watch()
  }

  private func replaceStaged(_ first: Int, with second: Int) throws {
    _ = try stage(first)
    _ = try stage(second)
    guard case .cancelled = try appliance.rollback() else { throw Violation("not cancelled") }
  }

  private func rollBack() throws {
    // At once: the try of this boot has not been given back.
    appliance.restart()
    try boot()
    guard case .staged = try appliance.rollback() else { throw Violation("not staged") }
    let target = appliance.booted.other
    appliance.restart()
    try boot(target)
    guard case .confirmed = try appliance.watch() else { throw Violation("not confirmed") }
  }

  private func exhaust(_ release: Int) throws {
    let target = try stage(release)
    for _ in 0..<BootControl.defaultTries { try boot(target) }
    appliance.note {
      $0.blamed.insert(release)
      $0.failed.insert(release)
    }
    try boot(target.other)
    _ = try appliance.watch()
  }

  private func interrupt(_ release: Int) throws {
    let half = UInt64(appliance.shop.imageBytes) / 2
    do {
      _ = try appliance.apply(release, interruptedAt: half)
      throw Violation("not interrupted")
    } catch is CancellationFailure {}
    _ = try stage(release)
  }

  private func cancel(_ release: Int) throws {
    // Still the same boot: what is staged was not started.
    guard case .cancelled = try appliance.rollback() else { throw Violation("not cancelled") }
    try expectHealthy()
  }

  private func reject(_ release: Int) throws {
    let target = try stage(release)
    try boot(target)
    try appliance.reject()
    appliance.restart()
    try boot(target.other)
    _ = try appliance.watch()
  }

  /// Whoever writes variables of others does it in two blocks.
  private func moveIn() throws {
    appliance.note { $0.environmentIsDamaged = true }
    try appliance.addForeignVariables()
    appliance.note { $0.environmentIsDamaged = false }
  }

  private func repair() throws {
    try appliance.destroyEnvironment()
    try appliance.confirm()
    appliance.note { $0.environmentIsDamaged = false }
  }
}
