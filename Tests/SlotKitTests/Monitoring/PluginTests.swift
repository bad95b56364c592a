import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// What Nagios is told of a device.
@Suite struct StatusPluginTests {
  private static let context = LedgerContext(now: .epoch, bootID: "boot-1")

  private static func status(
    _ assessment: BootAssessment = .settled, other: (inout Ledger) -> Void = { _ in },
    change: (inout UpdateStatus) -> Void = { _ in }
  ) -> UpdateStatus {
    var ledger = Ledger()
    ledger.provision(.a, WatchedBoot.image("1.0.0", 10), context)
    other(&ledger)
    func slot(_ name: SlotName) -> UpdateStatus.Slot {
      UpdateStatus.Slot(
        name: name, device: "sda", record: ledger[name], bootable: true, triesLeft: 2)
    }
    var status = UpdateStatus(
      booted: slot(.a), other: slot(.b), version: "1.0.0", assessment: assessment, tries: 3,
      nextBoot: .boot(.a), environmentError: nil, floor: 0, knownBad: [], history: [],
      isDownloaded: false, health: nil, warnings: [])
    change(&status)
    return status
  }

  private func line(_ status: UpdateStatus) -> String { status.plugin.line }

  @Test func allIsWell() {
    #expect(
      line(StatusPluginTests.status())
        == "KRUX OK - 1.0.0 in slot A, confirmed | tries_left=2;;;0;3 trial=0;;;0;1 staged=0;;;0;1")
    let checking = StatusPluginTests.status(change: {
      $0.health = HealthReport(.checking, reason: "x")
    })
    #expect(checking.plugin.state == .ok)
  }

  @Test func somethingWaits() {
    #expect(StatusPluginTests.status(.trial).plugin.state == .warning)
    let staged = StatusPluginTests.status(
      .staged, other: { $0.stage(.b, WatchedBoot.image("1.0.1", 11), StatusPluginTests.context) })
    #expect(staged.plugin.state == .warning)
    #expect(staged.plugin.text.hasPrefix("1.0.1 waits for a reboot"))
    let cut = StatusPluginTests.status(
      other: { $0.beginInstall(.b, WatchedBoot.image("1.0.1", 11), StatusPluginTests.context) })
    #expect(cut.plugin.state == .warning)
    let warned = StatusPluginTests.status(change: { $0.warnings = ["the ledger is damaged"] })
    #expect(warned.plugin.state == .warning)
    #expect(warned.plugin.text.contains("the ledger is damaged"))
  }

  @Test func somethingWentWrong() {
    for state in [HealthReport.State.unhealthy, .fallingBack] {
      let sick = StatusPluginTests.status(
        .trial, change: { $0.health = HealthReport(state, reason: "it is dark") })
      #expect(sick.plugin.state == .critical)
      #expect(sick.plugin.text.contains("it is dark"))
    }
    #expect(StatusPluginTests.status(.givenUp).plugin.state == .critical)
    #expect(StatusPluginTests.status(.failedOver(from: .b)).plugin.state == .critical)
    let returned = StatusPluginTests.status(
      other: { ledger in
        ledger.stage(.b, WatchedBoot.image("1.0.1", 11), StatusPluginTests.context)
        ledger.fail(.b, reason: "it is dark", StatusPluginTests.context)
      })
    #expect(returned.plugin.state == .critical)
    #expect(returned.plugin.text == "rolled back from 1.0.1: it is dark")
  }

  @Test func nothingIsKnown() {
    let lost = StatusPluginTests.status(
      change: { $0.environmentError = "there is no boot environment" })
    #expect(lost.plugin.state == .unknown)
  }
}

/// What Nagios is told of the feed.
@Suite struct CheckPluginTests {
  private static let day: Int64 = 86_400

  private static func release(_ version: String, withdrawn: String? = nil) -> Release {
    Release(
      version: version, sequence: 11, compatible: ["box"], released: .epoch, bundle: "b",
      bundleLength: 1, manifestDigest: Digest(of: []), imageDigest: Digest(of: []),
      withdrawal: withdrawn.map { Release.Withdrawal(at: .epoch, reason: $0) })
  }

  private static func plugin(
    _ offer: ReleaseChoice.Offer, days: Int64 = 3, withdrawn: String? = nil,
    unreachable: SourceFailure? = nil, warning: Int64 = 0, critical: Int64? = nil
  ) -> PluginResult {
    let choice = ReleaseChoice(
      newest: release("1.0.1"), offer: offer,
      runningWithdrawn: withdrawn.map { release("1.0.0", withdrawn: $0) })
    let check = FeedCheck(
      channel: "stable", pin: nil, version: "1.0.0", sequence: 10, choice: choice, issued: .epoch,
      now: Timestamp(seconds: days * day), unreachable: unreachable,
      unreachableSince: nil, warnings: [])
    return check.plugin(
      WaitingLimits(warning: warning * day, critical: critical.map { $0 * day }))
  }

  @Test(
    arguments: [
      (0, nil, PluginResult.State.warning), (4, nil, .ok), (3, nil, .warning), (0, 4, .warning),
      (0, 3, .critical), (4, 2, .critical),
    ] as [(Int64, Int64?, PluginResult.State)])
  func anUpdateWaits(_ warning: Int64, _ critical: Int64?, _ state: PluginResult.State) {
    let release = CheckPluginTests.release("1.0.1")
    let result = CheckPluginTests.plugin(
      .available(release, towards: nil), warning: warning, critical: critical)
    #expect(result.state == state)
    #expect(result.text == "1.0.1 is waiting for 3 days, running 1.0.0")
  }

  /// A clock that was set back must not make numbers that there are not.
  @Test func aReleaseOfTheFuture() {
    let release = CheckPluginTests.release("1.0.1")
    let result = CheckPluginTests.plugin(.available(release, towards: nil), days: -9)
    #expect(result.line.contains("waiting=0s;0;;0;"))
  }

  @Test func nothingWaits() {
    #expect(CheckPluginTests.plugin(.upToDate).state == .ok)
    #expect(CheckPluginTests.plugin(.upToDate).line.contains("waiting=0s;0;;0;"))
    let release = CheckPluginTests.release("1.0.1")
    #expect(CheckPluginTests.plugin(.later(release, .epoch)).state == .ok)
    #expect(CheckPluginTests.plugin(.held(release, .pinned("1.0.0"))).state == .ok)
    #expect(CheckPluginTests.plugin(.held(release, .unplanned)).state == .ok)
  }

  @Test func somebodyHasToDoSomething() {
    let release = CheckPluginTests.release("1.0.1")
    #expect(CheckPluginTests.plugin(.held(release, .knownBad("dark"))).state == .warning)
    #expect(CheckPluginTests.plugin(.held(nil, .pinUnknown("9"))).state == .warning)
    #expect(CheckPluginTests.plugin(.held(release, .sourceTooOld(1))).state == .warning)
    let withdrawn = CheckPluginTests.plugin(.upToDate, withdrawn: "it eats disks")
    #expect(withdrawn.state == .critical)
    #expect(withdrawn.text == "1.0.0 was withdrawn: it eats disks")
  }

  @Test func aFeedThatIsNotReachedIsUnknown() {
    let failure = SourceFailure(.unreachable, "no connection")
    #expect(CheckPluginTests.plugin(.upToDate, unreachable: failure).state == .unknown)
  }
}

/// What Prometheus is told.
@Suite struct DeviceMetricsTests {
  @Test func theNewestEndOfAnUpdateCounts() throws {
    let harness = try InstallHarness()
    let log = harness.updater.auditLog
    func append(_ event: RecordEvent, at seconds: Int64) {
      let stamp = RecordStamp(at: .init(seconds: seconds), boot: "b", command: "c")
      #expect(log.append(RecordEntry(event, stamp)))
    }
    let figures = UpdateFigures(
      fetchedBytes: 1, savedBytes: 2, writtenBytes: 3, milliseconds: 4500)
    append(RecordEvent(.staged, version: "2.0", figures: figures), at: 1)
    append(RecordEvent(.fellBack, version: "2.0", reason: "dark"), at: 2)
    append(RecordEvent(.staged, version: "9", service: "vault", figures: figures), at: 3)
    append(RecordEvent(.checked), at: 4)
    append(RecordEvent(FeedFailure(.rollback, "x"), isCheck: true) ?? RecordEvent(.failed), at: 5)
    let text = try harness.updater.metrics().text
    #expect(text.contains("krux_last_update_timestamp_seconds 2\n"))
    #expect(
      text.contains("krux_last_update_info{result=\"fell-back\",version=\"2.0\",code=\"\"} 1\n"))
    #expect(text.contains("krux_last_staged_saved_bytes 2\n"))
    #expect(text.contains("krux_last_staged_seconds 4.500\n"))
  }

  @Test func whatIsNotKnownIsLeftOut() throws {
    let text = try InstallHarness().updater.metrics().text
    #expect(text.contains("krux_trial 0\n"))
    for name in ["krux_last_check", "krux_last_update", "krux_last_staged", "krux_boot_healthy"] {
      #expect(!text.contains(name))
    }
  }
}
