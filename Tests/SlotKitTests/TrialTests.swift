import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import Testing

/// What happens after the reboot, by hand.
@Suite struct TrialTests {
  private static func image(_ bundle: SampleBundle) -> ImageIdentity {
    ImageIdentity(
      version: bundle.manifest.version, sequence: bundle.manifest.sequence,
      imageDigest: bundle.manifest.artefacts[0].imageDigest,
      imageLength: UInt64(bundle.image.count), frameSize: SampleBundle.frameSize)
  }

  private static let context = LedgerContext(now: Timestamp(seconds: 0), bootID: "boot-0")

  /// Slot A runs; slot B holds `bundle` in the state that `change` makes of it.
  private static func harness(
    bundle: SampleBundle = SampleBundle(), control: BootControl,
    _ change: (inout Ledger) -> Void
  ) throws -> InstallHarness {
    var ledger = Ledger()
    ledger.provision(.a, image(SampleBundle(version: "1.0", sequence: 10, seed: 7)), context)
    change(&ledger)
    let target = MemoryDevice(name: "target", bytes: bundle.image)
    return try InstallHarness(bundle, target: target, ledger: ledger, control: control)
  }

  private static func control(
    trial: SlotName? = nil, aMade: Int = 1, bMade: Int = 0, bBootable: Bool = true
  ) -> BootControl {
    BootControl(
      first: .a, a: SlotBootState(bootable: true, triesMade: aMade),
      b: SlotBootState(bootable: bBootable, triesMade: bMade), trial: trial)
  }

  @Test func rollbackReadsTheSlotAndSwitches() throws {
    let bundle = SampleBundle()
    let harness = try TrialTests.harness(bundle: bundle, control: TrialTests.control()) {
      $0.provision(.b, TrialTests.image(bundle), TrialTests.context)
    }
    let outcome = try harness.updater.rollback(force: false) { _ in }
    #expect(outcome == .staged(version: "2.0"))
    #expect(harness.boot.current.first == .b)
    #expect(harness.boot.current.trial == .b)
  }

  /// Boot control keeps what the ledger has not taken, so that the next boot accounts for it.
  @Test func anAccountWithoutALedgerIsNone() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .b, bMade: 3)) {
      $0.stage(.b, TrialTests.image(SampleBundle()), TrialTests.context)
    }
    harness.ledger.refuseWrites(LedgerFailure(.ioFailed, "the data partition is read-only"))
    #expect(throws: LedgerFailure.self) { try harness.updater.rollback(force: true) { _ in } }
    #expect(harness.boot.history.count == 1)
  }

  /// A confirmed release can forbid what is older: then going back is no way out.
  @Test(arguments: [false, true]) func rollbackDoesNotGoBelowTheFloor(force: Bool) throws {
    let bundle = SampleBundle()
    var floor = TrialTests.image(SampleBundle(version: "3.0", sequence: 99, seed: 8))
    floor.floor = 50
    let harness = try TrialTests.harness(bundle: bundle, control: TrialTests.control()) {
      $0.provision(.b, TrialTests.image(bundle), TrialTests.context)
      $0.provision(.a, floor, TrialTests.context)
    }
    let failure = #expect(throws: PolicyFailure.self) {
      try harness.updater.rollback(force: force) { _ in }
    }
    #expect(failure?.code == .belowFloor)
    #expect(harness.boot.history.count == 1)
  }

  @Test(arguments: [false, true])
  func aRottenSlotIsNeverRolledBackTo(force: Bool) throws {
    let bundle = SampleBundle()
    let harness = try TrialTests.harness(bundle: bundle, control: TrialTests.control()) {
      $0.provision(.b, TrialTests.image(bundle), TrialTests.context)
    }
    let rot = [UInt8](repeating: 1, count: 4096)
    try rot.withUnsafeBytes { try harness.target.write($0, at: 4096) }
    let failure = #expect(throws: PolicyFailure.self) {
      try harness.updater.rollback(force: force) { _ in }
    }
    #expect(failure?.code == .rollbackUnverified)
    #expect(harness.boot.history.count == 1)
  }

  @Test func aVersionThatWasNeverConfirmedNeedsForce() throws {
    let bundle = SampleBundle()
    let harness = try TrialTests.harness(bundle: bundle, control: TrialTests.control()) {
      $0.stage(.b, TrialTests.image(bundle), TrialTests.context)
      $0.fail(.b, reason: "broken", TrialTests.context)
    }
    let failure = #expect(throws: PolicyFailure.self) {
      try harness.updater.rollback(force: false) { _ in }
    }
    #expect(failure?.code == .neverConfirmed)
    #expect(try harness.updater.rollback(force: true) { _ in } == .staged(version: "2.0"))
  }

  @Test func rollbackCallsOffWhatIsStaged() throws {
    let harness = try InstallHarness()
    try harness.apply()
    #expect(try harness.updater.rollback(force: false) { _ in } == .cancelled(version: "2.0"))
    #expect(harness.boot.current.first == .a)
    #expect(harness.boot.current.trial == nil)
    #expect(!harness.boot.current.b.bootable)
    #expect(harness.ledger.current[.b]?.state == .cancelled)
  }

  @Test func confirmEndsATrial() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) {
      $0.stage(.a, TrialTests.image(SampleBundle(seed: 7)), TrialTests.context)
    }
    #expect(try harness.updater.confirm().outcome == .confirmed(version: "2.0"))
    #expect(harness.boot.current.trial == nil)
    #expect(harness.boot.current.triesLeft(.a) == 3)
    #expect(harness.ledger.current[.a]?.state == .confirmed)
  }

  @Test func confirmNeverWaitsForTheLedger() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) {
      $0.stage(.a, TrialTests.image(SampleBundle(seed: 7)), TrialTests.context)
    }
    harness.ledger.refuseWrites(LedgerFailure(.noSpace, "full"))
    let (_, warnings) = try harness.updater.confirm()
    #expect(warnings == ["full"])
    #expect(harness.boot.current.trial == nil)
  }

  @Test func confirmKeepsWhatIsStaged() throws {
    let harness = try InstallHarness()
    try harness.apply()
    #expect(try harness.updater.confirm().outcome == .triesGivenBack)
    #expect(harness.boot.current.trial == .b)
    #expect(harness.boot.current.first == .b)
  }

  @Test func rejectGoesBackAndRemembers() throws {
    let running = SampleBundle(seed: 7)
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) {
      $0.stage(.a, TrialTests.image(running), TrialTests.context)
      $0.provision(.b, TrialTests.image(SampleBundle()), TrialTests.context)
    }
    let outcome = try harness.updater.reject(reason: "the display stays dark")
    #expect(outcome.returnsTo == "2.0")
    #expect(harness.boot.current.first == .b)
    #expect(!harness.boot.current.a.bootable)
    #expect(harness.boot.current.lastBad == running.manifest.artefacts[0].imageDigest)
    #expect(harness.ledger.current.knownBad.map(\.reason) == ["the display stays dark"])
  }

  @Test func rejectStaysWhereThereIsNoWayBack() throws {
    let harness = try TrialTests.harness(
      control: TrialTests.control(trial: .a, bBootable: false)
    ) { $0.stage(.a, TrialTests.image(SampleBundle(seed: 7)), TrialTests.context) }
    #expect(throws: PolicyFailure.self) { try harness.updater.reject(reason: "bad") }
    #expect(harness.boot.history.count == 1)
  }

  @Test func rejectNeedsATrial() throws {
    let harness = try TrialTests.harness(control: TrialTests.control()) { _ in }
    let failure = #expect(throws: PolicyFailure.self) {
      try harness.updater.reject(reason: "bad")
    }
    #expect(failure?.code == .noTrial)
  }

  @Test func anUpdateDuringATrialIsRefused() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) {
      $0.stage(.a, TrialTests.image(SampleBundle(seed: 7)), TrialTests.context)
    }
    let failure = #expect(throws: PolicyFailure.self) { try harness.apply(force: true) }
    #expect(failure?.code == .trialOpen)
    #expect(harness.target.log.isEmpty)
  }

  /// The bootloader came back by itself: the next command accounts for it, and the release is known as bad.
  @Test func aReturnIsAccounted() throws {
    let bundle = SampleBundle()
    let harness = try TrialTests.harness(
      bundle: bundle, control: TrialTests.control(trial: .b, bMade: 3)
    ) { $0.stage(.b, TrialTests.image(bundle), TrialTests.context) }
    let failure = #expect(throws: PolicyFailure.self) { try harness.apply() }
    #expect(failure?.code == .knownBad)
    #expect(try harness.updater.status().returned?.version == "2.0")
    let newer = SampleBundle(
      version: "3.0", sequence: 30, frames: 8, seed: 2, key: harness.bundle.key)
    #expect(try harness.apply(newer.encoded) == .staged(version: "3.0"))
    #expect(harness.ledger.current.knownBad.map(\.version) == ["2.0"])
  }

  /// After `reject` the other slot is the only good one: nothing may touch it before the reboot.
  @Test func afterRejectOnlyARebootIsLeft() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) {
      $0.stage(.a, TrialTests.image(SampleBundle(seed: 7)), TrialTests.context)
      $0.provision(.b, TrialTests.image(SampleBundle()), TrialTests.context)
    }
    _ = try harness.updater.reject(reason: "bad")
    let states = harness.boot.history.count
    func code(_ body: () throws -> Void) -> PolicyCode? {
      #expect(throws: PolicyFailure.self, performing: body)?.code
    }
    #expect(code { try harness.apply(force: true) } == .rebootPending)
    #expect(code { _ = try harness.updater.confirm() } == .rebootPending)
    #expect(code { _ = try harness.updater.rollback(force: true) { _ in } } == .rebootPending)
    #expect(harness.boot.history.count == states)
    #expect(harness.target.log.isEmpty)
  }

  @Test func aNoteThatCannotBeReadCountsAsGivenUp() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) {
      $0.stage(.a, TrialTests.image(SampleBundle(seed: 7)), TrialTests.context)
      $0.provision(.b, TrialTests.image(SampleBundle()), TrialTests.context)
    }
    _ = try harness.updater.reject(reason: "bad")
    let note = harness.folder.appending(path: "run/given-up")
    try FileManager.default.removeItem(at: note)
    // A directory cannot be read as a file.
    try FileManager.default.createDirectory(at: note, withIntermediateDirectories: false)
    let failure = #expect(throws: PolicyFailure.self) { try harness.apply(force: true) }
    #expect(failure?.code == .rebootPending)
  }

  /// A cut between the ledger's entry and the disarm: what boots is the version from before.
  @Test func aReleaseThatWasNeverWrittenIsNotBlamed() throws {
    let (older, newer) = (SampleBundle(), SampleBundle(version: "3.0", sequence: 30, seed: 3))
    let harness = try TrialTests.harness(
      bundle: older, control: TrialTests.control(trial: .b, bMade: 3)
    ) {
      $0.stage(.b, TrialTests.image(older), TrialTests.context)
      $0.beginInstall(.b, TrialTests.image(newer), TrialTests.context)
    }
    #expect(try harness.apply() == .staged(version: "2.0"))
    #expect(harness.ledger.current.knownBad.isEmpty)
    // Of boot control it is only the one on trial.
    #expect(harness.boot.current.lastBad == TrialTests.image(older).imageDigest)
    #expect(harness.boot.current.confirmed(booted: .b, image: nil).lastBad == nil)
  }

  /// The account gives the booted slot its tries back; a break after it must not look like a bootloader that
  /// does not save.
  @Test func anInterruptedInstallAfterAReturnCarriesOn() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .b, bMade: 3)) {
      $0.stage(.b, TrialTests.image(SampleBundle()), TrialTests.context)
    }
    let newer = SampleBundle(
      version: "3.0", sequence: 30, frames: 8, seed: 2, key: harness.bundle.key)
    var damaged = newer.encoded
    damaged[damaged.count - 100] ^= 1
    #expect(throws: BundleFailure.self) { try harness.apply(damaged) }
    #expect(harness.boot.current.a.triesMade == 0)
    #expect(try harness.apply(newer.encoded) == .staged(version: "3.0"))
  }

  @Test func rejectNeverWaitsForTheLedger() throws {
    let harness = try TrialTests.harness(control: TrialTests.control(trial: .a)) { _ in }
    harness.ledger.refuseReads(LedgerFailure(.ioFailed, "no data partition"))
    let (_, warnings) = try harness.updater.reject(reason: "bad")
    #expect(warnings.contains("no data partition"))
    #expect(harness.boot.current.first == .b)
    #expect(!harness.boot.current.a.bootable)
  }

  /// Without the ledger what is staged keeps its trial, and the ledger is not written over.
  @Test func confirmWithoutTheLedgerKeepsTheTrialOfWhatIsStaged() throws {
    let harness = try InstallHarness()
    try harness.apply()
    let ledger = harness.ledger.current
    harness.ledger.refuseReads(LedgerFailure(.ioFailed, "no data partition"))
    #expect(try harness.updater.confirm().outcome == .triesGivenBack)
    #expect(harness.boot.current.trial == .b)
    #expect(harness.ledger.current == ledger)
  }

  @Test func whatIsCalledOffIsSoWithoutARecordToo() throws {
    let harness = try InstallHarness()
    try harness.apply()
    harness.ledger.refuseWrites(LedgerFailure(.noSpace, "no space left"))
    var warnings: [String] = []
    let outcome = try harness.updater.rollback(force: false) { event in
      if case .warning(let text) = event { warnings.append(text) }
    }
    #expect(outcome == .cancelled(version: "2.0"))
    #expect(warnings == ["no space left"])
    #expect(harness.boot.current.first == .a && harness.boot.current.trial == nil)
  }

  @Test func callingOffARollbackKeepsTheGoodSlot() throws {
    let bundle = SampleBundle()
    let harness = try TrialTests.harness(bundle: bundle, control: TrialTests.control()) {
      $0.provision(.b, TrialTests.image(bundle), TrialTests.context)
    }
    _ = try harness.updater.rollback(force: false) { _ in }
    #expect(try harness.updater.rollback(force: false) { _ in } == .cancelled(version: "2.0"))
    #expect(harness.boot.current.first == .a)
    #expect(harness.boot.current.b.bootable)
  }
}
