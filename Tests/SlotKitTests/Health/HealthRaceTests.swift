import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage
import Testing

@testable import SlotKit

/// A ledger on a disk that takes every write and never finishes one.
private final class HangingLedger: LedgerStoring {
  private let base: MemoryLedger
  private let never = DispatchSemaphore(value: 0)

  init(_ ledger: Ledger) { base = MemoryLedger(ledger) }

  func load() throws(LedgerFailure) -> LoadedLedger { try base.load() }

  func save(_ ledger: Ledger) throws(LedgerFailure) -> Ledger {
    never.wait()
    return ledger
  }

  func requireReserve() throws(LedgerFailure) {}
}

/// Takes a new environment and refuses a change of it, as a power cut between the two does.
private final class CutStore: BootControlStore {
  private let base: MemoryBootControl

  init(_ base: MemoryBootControl) { self.base = base }

  func load() throws(BootControlFailure) -> BootControl { try base.load() }

  func save(_ control: BootControl) throws(BootControlFailure) {
    throw BootControlFailure(.ioFailed, "cut")
  }

  func recreate(_ control: BootControl) throws(BootControlFailure) { try base.recreate(control) }
}

/// What happens to a watched boot when somebody else is at work too, or a disk hangs.
@Suite struct HealthRaceTests {
  private let good = CheckResult.healthy
  private let bad = CheckResult.unhealthy(reason: "gateway failed to start")

  @Test func anOperatorsConfirmAtTheDeadlineWins() throws {
    let boot = WatchedBoot(.trial)
    let health = HookedHealth(ScriptedHealth([bad])) { line in
      if line.hasPrefix("falling back") { _ = try? boot.updater.confirm() }
    }
    _ = try HealthRun(boot.updater, health).run()
    #expect(boot.ledger.current[.b]?.state == .confirmed)
    #expect(boot.control.current.first == .b && boot.control.current.b.bootable)
    #expect(!health.base.events.contains(.reboot))
  }

  @Test func anOperatorsRejectBeforeTheFallBackKeepsItsReason() throws {
    let boot = WatchedBoot(.trial)
    let health = HookedHealth(ScriptedHealth([bad])) { line in
      if line.hasPrefix("falling back") { _ = try? boot.updater.reject(reason: "dark") }
    }
    #expect(try HealthRun(boot.updater, health).run() == .givenUp)
    #expect(boot.control.current.reason == "dark" && !health.base.events.contains(.reboot))
  }

  /// The trial is in slot A, which the boot script's defaults have first, and the environment is damaged.
  @Test func aCutInTheFallBackLeavesTheWayBack() throws {
    let other = WatchedBoot.image("1.0.0", 10)
    var ledger = Ledger()
    ledger.provision(.b, other, .now)
    ledger.stage(.a, WatchedBoot.image("1.0.1", 11), LedgerContext(now: .epoch, bootID: "boot-1"))
    let memory = MemoryBootControl(.scriptDefaults)
    memory.refuseReads(BootControlFailure(.damaged, "damaged"))
    let boot = WatchedBoot(.trial)
    let updater = Updater(
      layout: boot.updater.layout, configuration: Configuration(),
      machine: MemoryMachine(booted: .a, bootID: "boot-2", startedAsTrial: true),
      boot: CutStore(memory), ledgers: MemoryLedger(ledger))
    _ = try HealthRun(updater, ScriptedHealth([bad])).run()
    #expect(BootDecision(memory.current).outcome == .boot(.b))
  }

  @Test func anUpdateThatIsAtWorkIsNoFaultOfTheBoot() throws {
    let boot = WatchedBoot(.confirmed)
    let lock = try UpdateLock(directory: boot.updater.layout.runDirectory, command: "apply")
    let health = ScriptedHealth([good])
    #expect(try boot.watch(health) == .triesGivenBack)
    withExtendedLifetime(lock) {}
    #expect(boot.report?.state == .healthy)
    #expect(boot.report?.complaints.first?.hasPrefix("the tries were not given back") == true)
    #expect(boot.control.history.count == 1)
    #expect(health.events.contains(.handWatchdogOver))
  }

  @Test func aReportDoesNotGetInTheWayOfAnUpdate() throws {
    let boot = WatchedBoot(.confirmed)
    let lock = try UpdateLock(directory: boot.updater.layout.runDirectory, command: "apply")
    let before = boot.ledger.current.generation
    _ = try boot.watch(ScriptedHealth([bad]))
    withExtendedLifetime(lock) {}
    #expect(boot.ledger.current.generation == before)
    #expect(boot.report?.state == .unhealthy)
  }

  @Test func aDataPartitionThatHangsHoldsNoBootUp() throws {
    let boot = WatchedBoot(.returned)
    let updater = Updater(
      layout: boot.updater.layout, configuration: Configuration(),
      machine: MemoryMachine(booted: .a, bootID: "boot-2"), boot: boot.control,
      ledgers: HangingLedger(boot.ledger.current))
    let health = ScriptedHealth([good])
    #expect(try HealthRun(updater, health).run() == .triesGivenBack)
    // Nothing was accounted for, so that the next boot can; the tries came back all the same.
    #expect(boot.control.current.trial == .b && boot.control.current.a.triesMade == 0)
  }

  /// A is first and does not load; a person started B from the boot script's menu, in a later boot.
  @Test func aSlotThatWasStartedByHandIsConfirmed() throws {
    let boot = WatchedBoot(
      .trial, boot: "boot-9", ledger: { $0.fail(.b, reason: "x", .now) },
      control: { $0 = $0.fallenBack(from: .b, image: nil, reason: "x") })
    #expect(try boot.watch(ScriptedHealth([good])) == .triesGivenBack)
    #expect(boot.control.current.b.bootable && boot.ledger.current[.b]?.state == .confirmed)
  }

  @Test func aLostLedgerLosesNeitherReasonNorDigest() throws {
    let boot = WatchedBoot(.gaveUp, ledger: { $0 = Ledger() })
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.control.current.lastBad == WatchedBoot.image("1.0.1", 11).imageDigest)
    let last = boot.ledger.current.history.entries.last
    #expect(last?.event == "failed" && last?.detail == "The data partition did not mount at /data")
  }

  @Test func whatNobodyCanWriteMakesNoLoopOfReboots() throws {
    let boot = WatchedBoot(.trial, control: { $0.b.triesMade = 0 })
    boot.control.refuseWrites(BootControlFailure(.ioFailed, "the boot partition is read-only"))
    let health = ScriptedHealth([good])
    _ = try boot.watch(health)
    #expect(!health.events.contains(.reboot) && boot.report?.state == .unhealthy)
  }

  /// A command that held the lock has staged the other slot anew while the account waited for it.
  @Test func theAccountLooksAgainUnderTheLock() throws {
    let boot = WatchedBoot(.gaveUp)
    let directory = boot.updater.layout.runDirectory
    let lock = Held(try UpdateLock(directory: directory, command: "apply"))
    let health = HookedHealth(ScriptedHealth([good])) { _ in }
    let waiting = DispatchSemaphore(value: 0)
    Thread {
      waiting.wait()
      let image = WatchedBoot.image("1.0.1", 11)
      var ledger = boot.ledger.current
      ledger.stage(.b, image, .now)
      _ = try? boot.ledger.save(ledger)
      try? boot.control.save(
        boot.control.current.accounted(booted: .a, failed: .b, image: nil)
          .switched(to: .b, image: image.imageDigest))
      lock.drop()
    }.start()
    // The watch records itself before it waits for the lock.
    let watcher = DispatchSource.makeTimerSource()
    watcher.schedule(deadline: .now(), repeating: .milliseconds(20))
    watcher.setEventHandler { if boot.report != nil { waiting.signal() } }
    watcher.resume()
    defer { watcher.cancel() }
    _ = try HealthRun(boot.updater, health).run()
    #expect(boot.control.current.trial == .b && boot.control.current.first == .b)
    #expect(boot.ledger.current[.b]?.state == .staged)
  }
}

/// `@unchecked Sendable`: one thread lets go of it, once.
private final class Held: @unchecked Sendable {
  private var lock: UpdateLock?
  init(_ lock: UpdateLock) { self.lock = lock }
  func drop() { lock = nil }
}
