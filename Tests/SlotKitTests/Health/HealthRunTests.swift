import SlotCore
import SlotKit
import SlotKitTesting
import Testing

/// Every way through a watched boot, on parts in memory and with a clock that nobody waits for.
@Suite struct HealthRunTests {
  private let good = CheckResult.healthy
  private let bad = CheckResult.unhealthy(reason: "gateway failed to start")

  // MARK: - A trial

  @Test func aHealthyTrialIsConfirmed() throws {
    let boot = WatchedBoot(.trial)
    let health = ScriptedHealth([bad, bad, good])
    #expect(try boot.watch(health) == .confirmed(version: "1.0.1"))
    #expect(boot.control.current.trial == nil && boot.control.current.b.triesMade == 0)
    #expect(boot.control.current.reason == nil)
    #expect(boot.ledger.current[.b]?.state == .confirmed)
    #expect(
      health.events == [
        .feedWatchdog(until: 120_000), .check(at: 3000), .check(at: 8000), .check(at: 13_000),
        .handWatchdogOver, .hooks(endedTrial: true), .wanted,
      ])
    #expect(!boot.hasTrialMarker && boot.report?.state == .healthy)
  }

  @Test func whileATrialIsWatchedItShows() throws {
    let boot = WatchedBoot(.trial)
    let health = ScriptedHealth([bad, good]) { round in
      guard round == 2 else { return }
      #expect(boot.hasTrialMarker)
      #expect(boot.report?.state == .checking && boot.report?.trialDeadline == 120_000)
      #expect(boot.report?.reason == "gateway failed to start")
      #expect(boot.control.current.reason == BootControl.startedReason)
    }
    _ = try boot.watch(health)
    #expect(health.said.contains("not healthy yet: gateway failed to start"))
  }

  @Test func anUnhealthyTrialFallsBackAtItsDeadline() throws {
    let boot = WatchedBoot(.trial)
    let health = ScriptedHealth([bad])
    let reason = "Health check timeout: gateway failed to start"
    #expect(try boot.watch(health) == .fellBack(reason: reason))
    let control = boot.control.current
    #expect(control.first == .a && control.a.bootable && control.a.triesMade == 0)
    #expect(!control.b.bootable && control.trial == nil && control.reason == reason)
    #expect(boot.ledger.current[.b]?.failure == reason)
    #expect(boot.ledger.current[.b]?.evidence.first == "krux-health: \(reason)")
    #expect(boot.ledger.current.knownBad.map(\.version) == ["1.0.1"])
    #expect(health.events.last == .reboot && health.events.contains(.check(at: 120_000)))
    #expect(boot.report?.state == .fallingBack)
  }

  @Test func theFallBackDoesNotNeedTheLedger() throws {
    let failure = LedgerFailure(.ioFailed, "the data partition does not answer")
    let boot = WatchedBoot(.trial)
    boot.ledger.refuseReads(failure)
    boot.ledger.refuseWrites(failure)
    _ = try boot.watch(ScriptedHealth([bad]))
    #expect(boot.control.current.first == .a)
    #expect(boot.control.current.reason == "Health check timeout: gateway failed to start")
  }

  @Test func neitherDoesTheConfirmation() throws {
    let failure = LedgerFailure(.ioFailed, "the data partition does not answer")
    let boot = WatchedBoot(.trial)
    boot.ledger.refuseReads(failure)
    #expect(try boot.watch(ScriptedHealth([good])) == .confirmed(version: "unknown"))
    #expect(boot.control.current.trial == nil)
  }

  @Test func withoutAWayBackTheSystemStays() throws {
    let boot = WatchedBoot(.trial, control: { $0.a.bootable = false })
    let health = ScriptedHealth([bad])
    let outcome = try boot.watch(health)
    #expect(
      outcome
        == .unhealthy(
          reason: "Health check timeout: gateway failed to start; and there is no other slot to"
            + " fall back to"))
    #expect(!health.events.contains(.reboot) && health.events.last == .handWatchdogOver)
    #expect(boot.control.current.b.bootable && boot.control.current.trial == .b)
  }

  @Test func aVersionThatCannotBeConfirmedFallsBack() throws {
    let boot = WatchedBoot(.trial)
    boot.control.refuseWrites(BootControlFailure(.ioFailed, "the boot partition is read-only"))
    let health = ScriptedHealth([good])
    let outcome = try boot.watch(health)
    let reason = "the boot is healthy and could not be confirmed: the boot partition is read-only"
    #expect(outcome == .fellBack(reason: reason))
    #expect(health.events.last == .reboot)
  }

  // MARK: - What was cut off

  @Test func aFallBackThatWasCutOffIsFinishedBeforeAnyCheck() throws {
    let boot = WatchedBoot(.trial, ledger: { $0.fail(.b, reason: "dark", .now) })
    let health = ScriptedHealth([good])
    #expect(try boot.watch(health) == .fellBack(reason: "dark"))
    #expect(health.events == [.feedWatchdog(until: 120_000), .reboot])
    #expect(boot.control.current.first == .a)
  }

  @Test func aConfirmationThatWasCutOffIsMadeWhenTheBootIsHealthy() throws {
    let boot = WatchedBoot(.trial, ledger: { $0.confirm(.b, by: nil, .now) })
    #expect(try boot.watch(ScriptedHealth([good])) == .confirmed(version: "1.0.1"))
    #expect(boot.control.current.trial == nil)
  }

  @Test func aWatcherThatWasKilledBeforeItsRebootReboots() throws {
    let boot = WatchedBoot(.trial)
    _ = try boot.watch(ScriptedHealth([bad]))
    let again = ScriptedHealth([good])
    #expect(
      try boot.watch(again) == .fellBack(reason: "Health check timeout: gateway failed to start"))
    #expect(again.events.last == .reboot)
  }

  @Test func anOperatorsRejectIsLeftToTheOperator() throws {
    let boot = WatchedBoot(.trial)
    let health = ScriptedHealth([bad, good]) { round in
      if round == 2 { _ = try? boot.updater.reject(reason: "dark") }
    }
    #expect(try boot.watch(health) == .givenUp)
    #expect(!health.events.contains(.reboot))
    #expect(boot.control.current.first == .a && boot.ledger.current[.b]?.failure == "dark")
  }

  // MARK: - A boot without a trial

  @Test func aHealthyBootGetsItsTriesBack() throws {
    let boot = WatchedBoot(.confirmed)
    let health = ScriptedHealth([good])
    #expect(try boot.watch(health) == .triesGivenBack)
    #expect(health.events.suffix(3) == [.handWatchdogOver, .hooks(endedTrial: false), .wanted])
    #expect(boot.control.current.a.triesMade == 0 && boot.control.current.first == .a)
  }

  @Test func anUnhealthyBootIsReportedAndKeepsItsTrySpent() throws {
    let boot = WatchedBoot(.confirmed)
    let health = ScriptedHealth([bad])
    #expect(
      try boot.watch(health)
        == .unhealthy(reason: "Health check timeout: gateway failed to start"))
    #expect(boot.control.history.count == 1 && !health.events.contains(.reboot))
    #expect(boot.ledger.current.history.entries.last?.event == "unhealthy")
    #expect(boot.report?.state == .unhealthy && health.events.last == .handWatchdogOver)
  }

  @Test func whatIsStagedStaysSo() throws {
    let boot = WatchedBoot(.stagedInThisBoot)
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.control.current.trial == .b && boot.control.current.first == .b)
  }

  // MARK: - Account

  @Test func aTrialThatNeverCameUpIsAccountedForBeforeTheChecks() throws {
    let boot = WatchedBoot(.returned)
    let health = ScriptedHealth([bad])
    _ = try boot.watch(health)
    let control = boot.control.current
    #expect(control.first == .a && !control.b.bootable && control.trial == nil)
    #expect(
      boot.ledger.current[.b]?.failure == "The new version did not come up: 3 of 3 tries used")
    #expect(boot.ledger.current[.b]?.evidence.count == 4)
    #expect(control.lastBad == boot.ledger.current[.b]?.image.imageDigest)
  }

  @Test func whatTheMachineKeptIsPartOfTheAccount() throws {
    let boot = WatchedBoot(.returned, traces: TrialTraces(watchdogReset: true))
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(
      boot.ledger.current[.b]?.failure
        == "The hardware watchdog reset the new version before it was confirmed: 3 of 3 tries used"
    )
  }

  @Test func theReasonThatTheTrialLeftIsTheReason() throws {
    let boot = WatchedBoot(.gaveUp)
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.ledger.current[.b]?.failure == "The data partition did not mount at /data")
    #expect(boot.control.current.reason == nil && !boot.control.current.b.bootable)
  }

  @Test func anAccountThatTheLedgerDoesNotTakeIsMadeAtTheNextBoot() throws {
    let boot = WatchedBoot(.gaveUp)
    boot.ledger.refuseWrites(LedgerFailure(.ioFailed, "the data partition is read-only"))
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.control.current.reason == "The data partition did not mount at /data")
    #expect(boot.control.current.a.triesMade == 0)
    boot.ledger.refuseWrites(nil)
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.ledger.current[.b]?.failure == "The data partition did not mount at /data")
    #expect(boot.control.current.reason == nil)
  }

  @Test func aSingleTryWithoutATraceIsNotHeldAgainstTheImageOnce() throws {
    let single: (inout BootControl) -> Void = {
      $0.tries = 1
      $0.b.triesMade = 1
    }
    let boot = WatchedBoot(.returned, control: single)
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.ledger.current[.b]?.state == .cancelled)
    #expect(boot.ledger.current.knownBad == [] && boot.control.current.lastBad == nil)
    #expect(
      boot.ledger.current[.b]?.inconclusive == "The new version did not come up: 1 of 1 tries used")
    #expect(!boot.control.current.b.bootable && boot.control.current.trial == nil)
    // The same again, after it was staged once more.
    let second = WatchedBoot(
      .returned,
      ledger: { [before = boot.ledger.current] ledger in
        ledger = before
        if let image = before[.b]?.image {
          ledger.stage(.b, image, LedgerContext(now: .epoch, bootID: "boot-1"))
        }
      }, control: single)
    _ = try second.watch(ScriptedHealth([good]))
    #expect(second.ledger.current[.b]?.state == .failed)
    #expect(second.ledger.current.knownBad.map(\.version) == ["1.0.1"])
    #expect(second.control.current.lastBad != nil)
  }

  @Test func aFailOverIsRecordedOnceAndChangesNoOrder() throws {
    let boot = WatchedBoot(.failedOver)
    for _ in 0..<3 { _ = try boot.watch(ScriptedHealth([good])) }
    let events = boot.ledger.current.history.entries.map(\.event)
    #expect(events.count { $0 == "failed-over" } == 1)
    #expect(boot.control.current.first == .b && boot.control.current.b.triesMade == 3)
    #expect(boot.control.current.a.triesMade == 0 && boot.control.current.b.bootable)
    #expect(boot.ledger.current.knownBad == [])
  }

  @Test func aSwitchThatNeverHappenedBlamesNobody() throws {
    let boot = WatchedBoot(
      .stagedInThisBoot, boot: "boot-2",
      control: {
        $0.trial = nil
        $0.first = .a
      })
    _ = try boot.watch(ScriptedHealth([good]))
    #expect(boot.ledger.current[.b]?.state == .cancelled && boot.ledger.current.knownBad == [])
  }

  // MARK: - Without an environment

  private let damaged = BootControlFailure(.damaged, "the boot environment is damaged")

  @Test func aHealthyBootWritesADamagedEnvironmentAnew() throws {
    let boot = WatchedBoot(.confirmed)
    boot.control.refuseReads(damaged)
    #expect(try boot.watch(ScriptedHealth([good])) == .environmentRecreated)
    let control = boot.control.current
    #expect(control.first == .a && control.a.bootable && control.trial == nil)
    #expect(!control.b.bootable)
    #expect(boot.ledger.current.history.entries.last?.event == "repaired")
  }

  @Test func aTrialThatOnlyTheLedgerKnowsFallsBackToo() throws {
    let boot = WatchedBoot(.trial)
    boot.control.refuseReads(damaged)
    let health = ScriptedHealth([bad])
    _ = try boot.watch(health)
    #expect(boot.control.current.first == .a && !boot.control.current.b.bootable)
    #expect(health.events.last == .reboot)
  }

  @Test func aTrialThatOnlyTheCommandLineKnowsFallsBackToo() throws {
    let boot = WatchedBoot(.trial, startedAsTrial: true, ledger: { $0 = Ledger() })
    boot.control.refuseReads(damaged)
    let health = ScriptedHealth([bad])
    _ = try boot.watch(health)
    #expect(boot.control.current.first == .a && health.events.last == .reboot)
  }

  @Test func anUnhealthyBootOfUnknownKindStays() throws {
    let boot = WatchedBoot(.trial, ledger: { $0 = Ledger() })
    boot.control.refuseReads(damaged)
    let health = ScriptedHealth([bad])
    _ = try boot.watch(health)
    #expect(!health.events.contains(.reboot) && boot.control.history.count == 1)
  }

  @Test func itWaitsForTheMountsAndNotForEver() throws {
    let boot = WatchedBoot(.confirmed)
    boot.control.refuseReads(BootControlFailure(.missing, "there is no boot environment"))
    let health = ScriptedHealth([good])
    _ = try boot.watch(health)
    #expect(health.events.first == .feedWatchdog(until: 120_000))
    #expect(health.events[1] == .check(at: 18_000))
  }

  // MARK: - Emergency and the marker

  @Test func anEmergencyInATrialFallsBackAtOnce() throws {
    let boot = WatchedBoot(.trial)
    let health = ScriptedHealth([])
    let reason = "The boot ended in emergency.target: mnt-x.mount failed"
    #expect(try boot.run(health).emergency { reason } == .fellBack(reason: reason))
    #expect(boot.control.current.reason == reason && health.events == [.reboot])
  }

  @Test func anEmergencyWithoutATrialIsLeftToAPerson() throws {
    let boot = WatchedBoot(.confirmed)
    let health = ScriptedHealth([])
    #expect(try boot.run(health).emergency { "x" } == .unhealthy(reason: "x"))
    #expect(health.events == [] && boot.control.history.count == 1)
  }

  @Test func theMarkerIsThereInATrialOnly() throws {
    let trial = WatchedBoot(.trial)
    #expect(try trial.run(ScriptedHealth([])).mark() && trial.hasTrialMarker)
    let confirmed = WatchedBoot(.confirmed)
    #expect(try !confirmed.run(ScriptedHealth([])).mark() && !confirmed.hasTrialMarker)
  }
}
