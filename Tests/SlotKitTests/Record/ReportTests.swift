import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage
import Testing

@testable import SlotKit

/// What the record is told of commands.
@Suite struct ReportTests {
  private static let context = LedgerContext(now: Timestamp(seconds: 0), bootID: "boot-0")

  private static func harness(
    bundle: SampleBundle = SampleBundle(), control: BootControl? = nil,
    _ change: (inout Ledger) -> Void = { _ in }
  ) throws -> InstallHarness {
    var ledger = Ledger()
    ledger.provision(.a, WatchedBoot.image("1.0", 10), context)
    change(&ledger)
    return try InstallHarness(bundle, ledger: ledger, control: control)
  }

  @Test func anInstall() throws {
    let bundle = SampleBundle()
    let harness = try ReportTests.harness(bundle: bundle)
    try harness.apply()
    #expect(harness.recorder.kinds == [.installStarted, .staged])
    let staged = try #require(harness.recorder.events.last)
    #expect(staged.slot == .b)
    #expect(staged.version == bundle.manifest.version)
    #expect(staged.imageDigest == bundle.manifest.artefacts[0].imageDigest)
    let figures = try #require(staged.figures)
    let written = try #require(harness.written)
    #expect(figures.fetchedBytes == written.fetched)
    #expect(figures.writtenBytes == written.bytes)
    #expect(figures.milliseconds >= 0)
  }

  @Test func whatIsStagedAlreadyIsNotToldAgain() throws {
    let harness = try ReportTests.harness()
    try harness.apply()
    let count = harness.recorder.events.count
    try harness.apply()
    #expect(harness.recorder.events.count == count)
  }

  @Test func aCallOff() throws {
    let harness = try ReportTests.harness()
    try harness.apply()
    _ = try harness.updater.rollback(force: false) { _ in }
    #expect(harness.recorder.kinds == [.installStarted, .staged, .cancelled])
  }

  @Test func tampering() throws {
    let harness = try ReportTests.harness()
    var bytes = harness.bundle.encoded
    // In the manifest, behind the header.
    bytes[BundleHeader.byteCount + 40] ^= 1
    #expect(throws: TrustFailure.self) { try harness.apply(bytes) }
    let event = try #require(harness.recorder.events.first)
    #expect(harness.recorder.kinds == [.tampering])
    #expect(event.priority == .critical)
    #expect(event.code == "trust.bad_signature")
  }

  @Test func aRefusal() throws {
    let bundle = SampleBundle(version: "0.9", sequence: 9)
    let harness = try ReportTests.harness(bundle: bundle)
    #expect(throws: PolicyFailure.self) { try harness.apply() }
    let event = try #require(harness.recorder.events.first)
    #expect(harness.recorder.kinds == [.refused])
    #expect(event.code == "policy.downgrade")
  }

  /// Nothing was to be changed, so only what is dangerous is told.
  @Test func aDryRunTellsOfTamperingOnly() throws {
    let harness = try ReportTests.harness(bundle: SampleBundle(version: "0.9", sequence: 9))
    #expect(throws: PolicyFailure.self) { try dryRun(harness, harness.bundle.encoded) }
    #expect(harness.recorder.kinds == [])
    var bytes = harness.bundle.encoded
    bytes[BundleHeader.byteCount + 40] ^= 1
    #expect(throws: TrustFailure.self) { try dryRun(harness, bytes) }
    #expect(harness.recorder.kinds == [.tampering])
  }

  private func dryRun(_ harness: InstallHarness, _ bytes: [UInt8]) throws {
    let path = harness.folder.appending(path: "dry.krux").path
    try Data(bytes).write(to: URL(filePath: path))
    var options = ApplyOptions()
    options.dryRun = true
    _ = try harness.updater.apply(.file(path), options) { _ in }
  }

  @Test func anotherCommandAtWorkIsNoEvent() throws {
    let harness = try ReportTests.harness()
    let lock = try harness.updater.lock("other")
    defer { withExtendedLifetime(lock) {} }
    #expect(throws: LockFailure.self) { try harness.apply() }
    #expect(harness.recorder.kinds == [])
  }

  // MARK: - The end of a trial

  @Test func confirmedByAnOperator() throws {
    let boot = WatchedBoot(.trial)
    _ = try boot.updater.confirm()
    let event = try #require(boot.recorder.events.first)
    #expect(boot.recorder.kinds == [.confirmed])
    #expect(event.reason == "operator")
    #expect(event.version == "1.0.1")
  }

  @Test func rejectedByAnOperator() throws {
    let boot = WatchedBoot(.trial)
    _ = try boot.updater.reject(reason: "it is dark")
    let event = try #require(boot.recorder.events.first)
    #expect(boot.recorder.kinds == [.rejected])
    #expect(event.reason == "it is dark")
  }

  @Test func aVerdictOfHealth() throws {
    let healthy = WatchedBoot(.trial)
    _ = try HealthRun(healthy.updater, ScriptedHealth([.healthy])).run()
    #expect(healthy.recorder.kinds == [.confirmed])
    let sick = WatchedBoot(.trial)
    _ = try HealthRun(sick.updater, ScriptedHealth([.unhealthy(reason: "dark")])).run()
    #expect(sick.recorder.kinds == [.fellBack])
    #expect(sick.recorder.events.first?.reason?.contains("dark") == true)
    let confirmed = WatchedBoot(.confirmed)
    _ = try HealthRun(confirmed.updater, ScriptedHealth([.unhealthy(reason: "dark")])).run()
    #expect(confirmed.recorder.kinds == [.unhealthy])
  }

  /// A trial without a data partition: the journal still hears how it ended, with what boot control knows.
  @Test func withoutALedgerTheEndOfATrialIsTold() throws {
    let healthy = WatchedBoot(.trial)
    healthy.ledger.refuseReads(LedgerFailure(.ioFailed, "not mounted"))
    _ = try HealthRun(healthy.updater, ScriptedHealth([.healthy])).run()
    #expect(healthy.recorder.kinds == [.confirmed])
    let sick = WatchedBoot(.trial)
    sick.ledger.refuseReads(LedgerFailure(.ioFailed, "not mounted"))
    _ = try HealthRun(sick.updater, ScriptedHealth([.unhealthy(reason: "dark")])).run()
    #expect(sick.recorder.kinds == [.fellBack])
  }

  /// What the bootloader did is found out afterwards, and told once.
  @Test func anAccountIsToldOnce() throws {
    let boot = WatchedBoot(.returned)
    for _ in 0..<2 { _ = try HealthRun(boot.updater, ScriptedHealth([.healthy])).run() }
    #expect(boot.recorder.kinds == [.fellBack])
    #expect(boot.recorder.events.first?.slot == .b)
  }

  /// An account that the ledger does not take is made again at the next boot, and told then.
  @Test func anAccountThatIsNotKeptIsNotTold() throws {
    let boot = WatchedBoot(.returned)
    boot.ledger.refuseWrites(LedgerFailure(.ioFailed, "read-only"))
    _ = try HealthRun(boot.updater, ScriptedHealth([.healthy])).run()
    #expect(boot.recorder.kinds == [])
    boot.ledger.refuseWrites(nil)
    _ = try HealthRun(boot.updater, ScriptedHealth([.healthy])).run()
    #expect(boot.recorder.kinds == [.fellBack])
  }

  @Test func aRebootIsTold() throws {
    let boot = WatchedBoot(.stagedInThisBoot)
    try boot.updater.reboot()
    #expect(boot.recorder.kinds == [.rebooting])
  }

  // MARK: - Checks

  @Test func aCheckThatSaysNothingNewIsARepetition() throws {
    let harness = try ReportTests.harness()
    let updater = harness.updater
    func ask(_ result: String, _ version: String?) throws {
      _ = try updater.reportingCheck(
        { 0 }, { _ in LastCheck(at: .init(seconds: 7), result: result, version: version) })
    }
    try ask("available", "1")
    try ask("available", "1")
    try ask("available", "2")
    #expect(harness.recorder.kinds == [.checked, .checked, .checked])
    #expect(harness.recorder.events.map(\.isRepetition) == [false, true, false])
    #expect(updater.lastCheck?.version == "2")
    for _ in 0..<2 {
      #expect(throws: FeedFailure.self) {
        try updater.reportingCheck(
          { throw FeedFailure(.rollback, "back") },
          { (_: Int) in LastCheck(at: .init(seconds: 7), result: "x") })
      }
    }
    #expect(harness.recorder.kinds.suffix(2) == [.tampering, .tampering])
    #expect(harness.recorder.events.map(\.isRepetition).suffix(2) == [false, true])
    #expect(updater.lastCheck?.code == "feed.rollback")
  }

  /// The journal hears of each, the audit log of what is new.
  @Test func aRepetitionIsForTheJournalOnly() throws {
    try withScratch { scratch in
      try scratch.write("run/there", "")
      let layout = Layout.folder(FilePath(scratch.folder.path))
      let journal = try DatagramReceiver(layout.journalSocket.string)
      let recorder = DeviceRecorder(
        layout, Configuration(), boot: "boot-7", command: "krux-update check",
        clock: { .init(seconds: 0) })
      var event = RecordEvent(.checked, reason: "one")
      recorder.record(event)
      event.isRepetition = true
      event.reason = "two"
      recorder.record(event)
      let first = try #require(journal.receive())
      #expect(first.contains("SYSLOG_IDENTIFIER=krux-update\n"))
      #expect(first.contains("KRUX_COMMAND=krux-update check\n"))
      #expect(journal.receive()?.contains("two") == true)
      let log = AuditLog(layout, Configuration())
      var entries: [RecordEntry] = []
      try AuditLogReader(log).read { _, entry in entries.append(entry) }
      #expect(entries.map(\.event.reason) == ["one"])
      #expect(entries.first?.stamp.boot == "boot-7")
    }
  }
}
