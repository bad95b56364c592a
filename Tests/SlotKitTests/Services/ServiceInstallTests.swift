import Foundation
import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

@Suite struct ServiceInstallTests {
  private let bad = CheckResult.unhealthy(reason: "/health answered 500")

  // MARK: - The way it should go

  @Test func aServiceIsInstalledAndUpdated() throws {
    let harness = try ServiceHarness()
    let first = try harness.apply(ServiceHarness.bundle("1.0", 1))
    #expect(first.map(\.result) == [.installed])
    #expect(harness.runs() == "gateway 1.0")
    try harness.apply(ServiceHarness.bundle("1.1", 2, units: ["a.socket", "gateway.service"]))
    #expect(harness.runs() == "gateway 1.1")
    #expect(try harness.names() == ["gateway", "gateway-1.0", "gateway-1.1"])
    #expect(
      harness.effects.log == [
        "restart gateway.service", "restart a.socket", "restart gateway.service",
      ])
    #expect(harness.events.last == "probing gateway")
    let record = try harness.record()
    #expect(record.current?.version == "1.1")
    #expect(record.previous?.version == "1.0")
    #expect(record.next == nil)
    let link = harness.services.appending(path: "gateway/current").path
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../gateway-1.1")
  }

  @Test func whatRunsIsLeftAlone() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    let again = try harness.apply(ServiceHarness.bundle("1.0", 1))
    #expect(again.map(\.result) == [.alreadyRunning])
    #expect(harness.effects.log == ["restart gateway.service"])
  }

  @Test func aTreeThatIsGoneIsMadeAnew() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    try FileManager.default.removeItem(at: harness.services.appending(path: "gateway-1.0"))
    #expect(harness.runs() == nil)
    let again = try harness.apply(ServiceHarness.bundle("1.0", 1))
    #expect(again.map(\.result) == [.installed])
    #expect(harness.runs() == "gateway 1.0")
  }

  @Test func theFloorIsThatOfHealthyReleases() throws {
    let harness = try ServiceHarness()
    harness.effects.script([], then: bad)
    #expect(
      failureCode(ServiceCode.self) {
        try harness.apply(ServiceHarness.bundle("1.0", 5, floor: 5))
      } == .notHealthy)
    harness.effects.script([])
    try harness.apply(ServiceHarness.bundle("0.9", 4, floor: 4))
    #expect(
      failureCode(PolicyCode.self) {
        try harness.apply(ServiceHarness.bundle("0.8", 3), force: true, allowDowngrade: true)
      } == .belowFloor)
  }

  @Test func otherServicesAreNotTouched() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    try harness.apply(
      ServiceHarness.bundle("1.0", 1, service: "vault", units: ["vault.service"]))
    harness.effects.script([], then: bad)
    #expect(
      failureCode(ServiceCode.self) {
        try harness.apply(ServiceHarness.bundle("1.1", 2, units: ["gateway.service"]))
      } == .notHealthy)
    #expect(harness.runs("vault") == "vault 1.0")
    #expect(harness.effects.log.filter { $0 == "restart vault.service" }.count == 1)
    #expect(try harness.record("vault").putBack == nil)
  }

  // MARK: - What is not healthy

  @Test func whatIsNotHealthyIsPutBack() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    harness.effects.script([], then: bad)
    let code = failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
    #expect(code == .notHealthy)
    #expect(
      harness.events.suffix(6) == [
        "switched gateway 1.1", "restarting gateway.service", "probing gateway",
        "put back gateway 1.0", "restarting gateway.service", "probing gateway",
      ])
    #expect(harness.runs() == "gateway 1.0")
    #expect(harness.effects.log == Array(repeating: "restart gateway.service", count: 3))
    let record = try harness.record()
    #expect(record.current?.version == "1.0")
    #expect(try #require(record.putBack).reason == "/health answered 500")
    // And it is not tried again, unless somebody asks for it.
    harness.effects.script([])
    #expect(
      failureCode(PolicyCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
        == .knownBad)
    try harness.apply(ServiceHarness.bundle("1.1", 2), force: true)
    #expect(harness.runs() == "gateway 1.1")
  }

  /// Good and bad in turn is not healthy, however often it is good.
  @Test func aProbeThatFlapsIsNotHealthy() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    let flapping = (0..<1000).map { $0 % 3 == 2 ? bad : .healthy }
    harness.effects.script(flapping)
    #expect(
      failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
        == .notHealthy)
    #expect(harness.runs() == "gateway 1.0")
  }

  @Test func aSlowStartIsHealthy() throws {
    let harness = try ServiceHarness()
    harness.effects.script(Array(repeating: bad, count: 5))
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    #expect(harness.runs() == "gateway 1.0")
  }

  @Test func aFirstInstallThatIsNotHealthyLeavesNoLink() throws {
    let harness = try ServiceHarness()
    harness.effects.script([], then: bad)
    #expect(
      failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.0", 1)) }
        == .notHealthy)
    #expect(harness.runs() == nil)
    #expect(harness.effects.log == ["restart gateway.service", "stop gateway.service"])
  }

  @Test func aUnitThatHangsIsToldAndTheTreeStays() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    harness.effects.cannotRestart("gateway.service", "it did not stop and start within 100 s")
    #expect(
      failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
        == .restartFailed)
    #expect(harness.runs() == "gateway 1.1")
    #expect(try harness.record().current?.version == "1.1")
    #expect(harness.warnings.contains { $0.contains("it did not stop and start within 100 s") })
  }

  @Test func anInterruptionPutsBack() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    harness.effects.script([], then: bad)
    harness.effects.onCheck { [cancellation = harness.cancellation] number in
      if number == 5 { cancellation.cancel(signal: SIGTERM) }
    }
    #expect(
      failureCode(CancellationCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
        == .interrupted)
    #expect(harness.runs() == "gateway 1.0")
    let record = try harness.record()
    #expect(record.knownBad == [])
    #expect(record.next == nil)
  }

  // MARK: - Without a restart

  @Test func withoutARestartThereIsNoVerdict() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    let placed = try harness.apply(ServiceHarness.bundle("1.1", 2, floor: 2), restart: false)
    #expect(placed.map(\.result) == [.unproven])
    #expect(harness.runs() == "gateway 1.1")
    #expect(harness.effects.log.count == 1)
    #expect(try harness.record().floor == 0)
    // The same again asks for it, and finds it bad.
    harness.effects.script([], then: bad)
    #expect(
      failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2, floor: 2)) }
        == .notHealthy)
    #expect(harness.runs() == "gateway 1.0")
  }

  @Test func withoutAVerdictARollbackCallsItOff() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("0.9", 1))
    try harness.apply(ServiceHarness.bundle("1.0", 2))
    try harness.apply(ServiceHarness.bundle("1.1", 3), restart: false)
    #expect(try harness.rollback().version == "1.0")
    #expect(harness.runs() == "gateway 1.0")
    #expect(try harness.record().previous?.version == "0.9")
  }

  // MARK: - Beside others

  @Test func anUpdateBesideAnotherIsRefused() throws {
    let harness = try ServiceHarness()
    let other = harness.updater()
    harness.effects.onRestart { _ in
      #expect(failureCode(LockCode.self) { _ = try other.purge { _ in } } == .held)
      #expect(
        failureCode(LockCode.self) {
          _ = try other.apply(.file("x"), ServiceApplyOptions()) { _ in }
        } == .held)
    }
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    #expect(harness.runs() == "gateway 1.0")
  }

  @Test func nothingIsDoneWhileTheSystemIsOnTrial() throws {
    let harness = try ServiceHarness()
    let trial = PolicyFailure(.trialOpen, "on trial")
    let updater = harness.updater { throw trial }
    let path = try harness.file(ServiceHarness.bundle("1.0", 1))
    #expect(
      failureCode(PolicyCode.self) {
        _ = try updater.apply(.file(path), ServiceApplyOptions()) { _ in }
      } == .trialOpen)
    #expect(
      failureCode(PolicyCode.self) {
        _ = try updater.rollback(service: "gateway", restart: true) { _ in }
      } == .trialOpen)
    #expect(try harness.names() == [])
  }

  // MARK: - Disks

  @Test func aDiskThatLiesIsFoundOut() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    for name in ["bin/0", "bin/new"] {
      let file = harness.services.appending(path: ".gateway-1.1.partial/\(name)")
      harness.after = { step in
        guard step == .flushed else { return }
        try Data("gateway 1.X".utf8).write(to: file)
      }
      #expect(
        failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
          == .treeMismatch)
      #expect(harness.runs() == "gateway 1.0")
      #expect(try harness.names() == ["gateway", "gateway-1.0"])
    }
  }

  /// A file system of two mebibytes, as root: refused before anything is written when it cannot fit, and cleaned up when
  /// it turns out not to.
  @Test func aFullDisk() throws {
    let place = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    try runProgram("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place.path)
    defer { _ = try? runProgram("umount", place.path) }
    let harness = try ServiceHarness(services: place.path)
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    var tar = TarWriter()
    tar.folder("bin")
    for index in 0..<30 {
      tar.add("bin/\(index)", content: String(repeating: "x", count: 64 << 10))
    }
    let content = TreeContent(entries: 31, bytes: 30 * 64 << 10)
    let large = ServiceHarness.bundle(tar, content, "1.1", 2)
    let filler = place.appending(path: "filler")
    try Data(count: 1 << 20).write(to: filler)
    var unpacked: UInt64 = 0
    harness.onProgress = { unpacked = $0 }
    #expect(failureCode(ServiceCode.self) { try harness.apply(large) } == .noSpace)
    #expect(unpacked == 0)
    // Room at the beginning that another program takes while the tree is unpacked.
    try FileManager.default.removeItem(at: filler)
    harness.onProgress = { done in
      if done > 0 { try? Data(count: 1 << 20).write(to: filler) }
    }
    let half = TreeContent(entries: 17, bytes: 16 * 64 << 10)
    var middle = TarWriter()
    middle.folder("bin")
    for index in 0..<16 {
      middle.add("bin/\(index)", content: String(repeating: "x", count: 64 << 10))
    }
    let fitting = ServiceHarness.bundle(middle, half, "1.1", 2)
    #expect(failureCode(ServiceCode.self) { try harness.apply(fitting) } == .noSpace)
    #expect(harness.runs() == "gateway 1.0")
    #expect(try harness.names().filter { $0.hasSuffix(".partial") } == [])
  }
}
