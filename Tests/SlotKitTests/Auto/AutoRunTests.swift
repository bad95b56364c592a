import SlotCore
import SlotKit
import SlotKitTesting
import Testing

/// One run: what is done in which order, and what is kept before.
@Suite struct AutoRunTests {
  private let world: AutoWorld
  private var settings = AutoSettings()

  init() throws {
    world = try AutoWorld(Timestamp(seconds: 1_772_366_400))
    settings.isEnabled = true
    settings.step = .apply
    settings.jitter = 0
  }

  private func noWindow(_ settings: AutoSettings) throws -> AutoSettings {
    var settings = settings
    // The world begins at noon of a Sunday, UTC.
    settings.windows = [try MaintenanceWindow("Mon 02:00-04:00")]
    return settings
  }

  private func pass(_ seconds: Int64) { world.change { $0.time += seconds } }

  private var asked: Int { world.log.count { $0.what == "asks" } }

  // MARK: - Nothing due

  @Test func aTurnWithNothingDueAsksNothingAndWritesNothing() throws {
    #expect(try world.turn(settings).wait == .upToDate)
    let saves = world.look { $0.saves }
    #expect(asked == 1)
    for _ in 0..<20 {
      pass(900)
      #expect(try world.turn(settings).wait == .upToDate)
    }
    #expect(asked == 1)
    #expect(world.look { $0.saves } == saves)
    pass(3 * 3600)
    _ = try world.turn(settings)
    #expect(asked == 2)
  }

  @Test func whatIsOffDoesNothing() throws {
    var off = settings
    off.isEnabled = false
    #expect(try world.turn(off).wait == .off)
    #expect(asked == 0)
    #expect(world.look { $0.saves } == 0)
  }

  /// A download that waits for a window, or for an inhibitor, is no reason to ask at every turn.
  @Test func waitingCostsNoQuestions() throws {
    let settings = try noWindow(settings)
    world.publish(world.release("1.0.2"))
    #expect(try world.turn(settings).steps == [.checked, .downloaded(version: "1.0.2")])
    for _ in 0..<10 {
      pass(900)
      #expect(try world.turn(settings).wait?.code == "window")
    }
    #expect(asked == 1)
  }

  @Test func anInhibitorIsHeardBeforeTheFeedIsAsked() throws {
    world.publish(world.release("1.0.2"))
    world.change { $0.inhibitors = [.apply: "somebody watches a film"] }
    for _ in 0..<10 {
      let expected = AutoWait.inhibited(version: "1.0.2", reasons: ["somebody watches a film"])
      #expect(try world.turn(settings).wait == expected)
      pass(900)
    }
    #expect(asked == 1)
    #expect(world.look { $0.memory.inhibited } == ["somebody watches a film"])
    world.change { $0.inhibitors = [:] }
    #expect(try world.turn(settings).steps == [.checked, .applied(version: "1.0.2")])
    #expect(world.look { $0.memory.inhibited } == [])
  }

  // MARK: - Before a step

  /// Where nothing can be kept in mind, the feed would be asked at every turn.
  @Test func theQuestionIsKeptBeforeItIsAsked() throws {
    world.change { $0.saveFault = AutoFailure(.ioFailed, "read-only") }
    for _ in 0..<3 {
      #expect(throws: AutoFailure.self) { try world.turn(settings) }
      pass(900)
    }
    #expect(asked == 0)
  }

  /// A release that was withdrawn since the last check is not installed.
  @Test func theFeedIsAskedBeforeAnInstall() throws {
    let settings = try noWindow(settings)
    world.publish(world.release("1.0.2"))
    _ = try world.turn(settings)
    world.publish(world.release("1.0.2", withdrawn: "it eats disks"))
    var free = settings
    free.windows = []
    let report = try world.turn(free)
    #expect(report.steps == [.checked])
    #expect(report.wait == .upToDate)
  }

  @Test func aSwitchThatCannotBeKeptInMindIsNotMade() throws {
    world.publish(world.release("1.0.2"))
    world.change {
      $0.meanwhile = { world in
        world.change { $0.saveFault = AutoFailure(.ioFailed, "read-only") }
      }
    }
    #expect(throws: AutoFailure.self) { try world.turn(settings) }
    #expect(world.boot.current.trial == nil)
  }

  /// A cut between the note and the switch: the next run goes on.
  @Test func aCutBeforeTheSwitchIsNoTrial() throws {
    world.publish(world.release("1.0.2"))
    world.change {
      $0.meanwhile = { world in
        world.boot.refuseWrites(BootControlFailure(.ioFailed, "the power is gone"))
      }
    }
    #expect(throws: BootControlFailure.self) { try world.turn(settings) }
    #expect(world.look { $0.memory.passed.count } == 1)
    world.boot.refuseWrites(nil)
    world.change { $0.meanwhile = nil }
    pass(3600)
    #expect(try world.turn(settings).steps == [.checked, .applied(version: "1.0.2")])
  }

  // MARK: - Windows

  @Test func aWindowThatClosesBeforeTheSwitchHoldsItUp() throws {
    var settings = settings
    settings.windows = [try MaintenanceWindow("Sun 11:30-12:15")]
    world.publish(world.release("1.0.2"))
    world.change { $0.installSeconds = 1200 }
    let late = try world.turn(settings)
    #expect(late.steps == [.checked, .downloaded(version: "1.0.2")])
    #expect(late.wait?.code == "window")
    #expect(world.boot.current.trial == nil)
    #expect(world.look { $0.memory.passed } == [])
    world.change {
      $0.installSeconds = 60
      $0.time += 7 * 86_400 - 1200
    }
    #expect(try world.turn(settings).steps == [.checked, .applied(version: "1.0.2")])
  }

  @Test func aClockThatIsSetDuringAnInstallIsHeard() throws {
    var settings = settings
    settings.windows = [try MaintenanceWindow("Wed 11:30-13:00")]
    world.publish(world.release("1.0.2"))
    // It says Wednesday, until somebody sets it right.
    world.change {
      $0.skew = 3 * 86_400
      $0.meanwhile = { world in world.change { $0.skew = 0 } }
    }
    #expect(try world.turn(settings).steps == [.checked, .downloaded(version: "1.0.2")])
    #expect(world.boot.current.trial == nil)
  }

  /// Who changes the settings while a run goes on changes the next one.
  @Test func settingsAreThoseOfTheStart() throws {
    world.publish(world.release("1.0.2"))
    let fault = AutoFailure(.unknownTimeZone, "no such zone")
    world.change { $0.meanwhile = { world in world.change { $0.zoneFault = fault } } }
    var open = settings
    open.windows = [try MaintenanceWindow("Sun 10:00-14:00")]
    #expect(try world.turn(open).steps == [.checked, .applied(version: "1.0.2")])
  }

  // MARK: - Failures

  @Test func aFeedThatIsNotReachedIsNoFailureOfTheRun() throws {
    world.change { $0.isOffline = true }
    let report = try world.turn(settings)
    #expect(report.steps == [])
    #expect(report.wait == .failed(version: nil, reason: "cannot reach the feed"))
    pass(899)
    _ = try world.turn(settings)
    #expect(asked == 1)
    pass(1)
    _ = try world.turn(settings)
    #expect(asked == 2)
  }

  @Test func anInstallThatFailsIsThrownOnceAndTriedLater() throws {
    world.publish(world.release("1.0.2"))
    world.change { $0.installFault = SlotFailure(.writeFailed, "the disk") }
    var thrown = 0
    for _ in 0..<96 {
      do { _ = try world.turn(settings) } catch { thrown += 1 }
      pass(900)
    }
    // A day: after 0, 15, 45, 105 and 225 minutes, and from then on every 4 and 6 hours.
    #expect((6...9).contains(thrown), "\(thrown) times")
    world.change { $0.installFault = nil }
    pass(7 * 3600)
    #expect(try world.turn(settings).steps.contains(.applied(version: "1.0.2")))
    #expect(world.look { $0.memory.installFailures } == 0)
  }

  @Test func whoIsInTheWayIsWaitedFor() throws {
    world.publish(world.release("1.0.2"))
    world.change { $0.installFault = LockFailure(.held, "another updater is at work") }
    #expect(try world.turn(settings).wait == .busy("another updater is at work"))
    #expect(world.look { $0.memory.failure } == nil)
    world.change { $0.installFault = nil }
    pass(900)
    #expect(try world.turn(settings).steps == [.checked, .applied(version: "1.0.2")])
  }

  @Test func aSignalIsNoFailure() throws {
    world.publish(world.release("1.0.2"))
    world.change { $0.installFault = CancellationFailure(.interrupted, "interrupted") }
    #expect(throws: CancellationFailure.self) { try world.turn(settings) }
    #expect(world.look { $0.memory.failure } == nil)
  }

  // MARK: - Reboots

  @Test func aRebootThatLeadsNowhereIsMadeOnce() throws {
    var settings = settings
    settings.step = .reboot
    world.publish(world.release("1.0.2"))
    var run = AutoRun(settings, world)
    #expect(try run.run().steps.last == .rebooting(version: "1.0.2"))
    // The machine comes up as it was, by a boot script of its own mind.
    world.change {
      $0.bootCount += 1
      $0.mustReboot = false
    }
    #expect(try world.turn(settings).wait == .didNotStart(version: "1.0.2"))
    #expect(!world.look { $0.mustReboot })
  }

  @Test func theRecordIsToldOnce() throws {
    let settings = try noWindow(settings)
    world.publish(world.release("1.0.2"))
    for _ in 0..<5 {
      _ = try world.turn(settings)
      pass(900)
    }
    #expect(world.look { $0.events.map(\.kind) } == [.downloaded, .waiting])
    let reason = try #require(world.look { $0.events.last?.reason })
    #expect(reason.contains("waits for the window"))
  }
}
