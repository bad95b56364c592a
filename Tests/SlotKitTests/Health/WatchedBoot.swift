import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage

@testable import SlotKit

/// A boot in one of the states that a boot can begin with, for `HealthRun`. Slot A runs 1.0.0 and slot B has 1.0.1, or
/// the other way round where that is on trial.
final class WatchedBoot: Sendable {
  enum State {
    /// B is on trial, and runs.
    case trial
    /// A is confirmed, and runs; nothing is staged.
    case confirmed
    /// A runs, and B was staged in this boot.
    case stagedInThisBoot
    /// A runs; B spent all tries of its trial.
    case returned
    /// A runs; B gave up by itself while it had no data partition.
    case gaveUp
    /// A runs, and B, which was confirmed and stands first, has no tries left.
    case failedOver
  }

  let control: MemoryBootControl
  let ledger: MemoryLedger
  let recorder = MemoryRecorder()
  let updater: Updater
  private let folder: URL

  init(
    _ state: State, boot bootID: String? = nil, startedAsTrial: Bool = false,
    traces: TrialTraces = TrialTraces(), ledger change: (inout Ledger) -> Void = { _ in },
    control changeControl: (inout BootControl) -> Void = { _ in }
  ) {
    var ledger = WatchedBoot.ledger(state)
    change(&ledger)
    var control = WatchedBoot.control(state)
    changeControl(&control)
    self.control = MemoryBootControl(control)
    self.ledger = MemoryLedger(ledger)
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let machine = MemoryMachine(
      booted: state == .trial ? .b : .a,
      bootID: bootID ?? (state == .stagedInThisBoot ? "boot-1" : "boot-2"),
      startedAsTrial: startedAsTrial, traces: traces)
    updater = Updater(
      layout: .folder(FilePath(folder.path)), configuration: Configuration(), machine: machine,
      boot: self.control, ledgers: self.ledger, recorder: recorder)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static func ledger(_ state: State) -> Ledger {
    let factory = LedgerContext(now: .epoch, bootID: "factory")
    let staging = LedgerContext(now: .epoch, bootID: "boot-1")
    var ledger = Ledger()
    ledger.provision(.a, image("1.0.0", 10), factory)
    if state == .confirmed { return ledger }
    ledger.stage(.b, image("1.0.1", 11), staging)
    if state == .failedOver { ledger.confirm(.b, by: nil, staging) }
    return ledger
  }

  static func image(_ version: String, _ sequence: Int64) -> ImageIdentity {
    ImageIdentity(
      version: version, sequence: sequence, imageDigest: Digest(of: Array(version.utf8)),
      imageLength: 1 << 20, frameSize: 64 << 10)
  }

  private static func control(_ state: State) -> BootControl {
    let tried = SlotBootState(bootable: true, triesMade: 1)
    let fresh = SlotBootState(bootable: true, triesMade: 0)
    let spent = SlotBootState(bootable: true, triesMade: 3)
    let off = SlotBootState(bootable: false, triesMade: 1)
    // What the switch leaves there, until a confirmation.
    let image = WatchedBoot.image("1.0.1", 11).imageDigest
    return switch state {
    case .trial: BootControl(first: .b, a: fresh, b: tried, trial: .b, lastBad: image)
    case .confirmed: BootControl(first: .a, a: tried, b: off)
    case .stagedInThisBoot:
      BootControl(first: .b, a: fresh, b: fresh, trial: .b, lastBad: image)
    case .returned: BootControl(first: .b, a: tried, b: spent, trial: .b, lastBad: image)
    case .gaveUp:
      BootControl(
        first: .a, a: tried, b: off, lastBad: image,
        reason: "The data partition did not mount at /data")
    case .failedOver: BootControl(first: .b, a: tried, b: spent)
    }
  }

  func run(_ health: ScriptedHealth) -> HealthRun { HealthRun(updater, health) }

  func watch(_ health: ScriptedHealth) throws -> HealthOutcome { try run(health).run() }

  var report: HealthReport? { updater.run.health }

  var hasTrialMarker: Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "run/trial").path)
  }
}

extension Timestamp {
  static let epoch = Timestamp(seconds: 0)
}

extension LedgerContext {
  static let now = LedgerContext(now: .epoch, bootID: "boot-2")
}
