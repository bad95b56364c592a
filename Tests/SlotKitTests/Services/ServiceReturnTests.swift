import Foundation
import SlotCore
import SlotKitTesting
import Testing

@testable import SlotKit

/// Rollback, purge, and what is left when the power is cut.
@Suite struct ServiceReturnTests {
  private let bad = CheckResult.unhealthy(reason: "/health answered 500")

  // MARK: - Rollback

  @Test func aRollbackGoesToTheTreeBefore() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    try harness.apply(ServiceHarness.bundle("1.1", 2))
    let back = try harness.rollback()
    #expect(back == ServiceOutcome(service: "gateway", version: "1.0", result: .rolledBack))
    #expect(harness.runs() == "gateway 1.0")
    #expect(harness.effects.log.count == 3)
    #expect(try harness.rollback().version == "1.1")
    #expect(try harness.record().knownBad == [])
  }

  @Test func aRollbackThatIsNotHealthyIsPutBack() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    try harness.apply(ServiceHarness.bundle("1.1", 2))
    harness.effects.script([], then: bad)
    #expect(failureCode(ServiceCode.self) { try harness.rollback() } == .notHealthy)
    #expect(harness.runs() == "gateway 1.1")
    #expect(try harness.record().previous?.version == "1.0")
  }

  @Test func aTreeThatIsGoneIsAWarning() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    #expect(try harness.rollback().result == .nothingThere)
    try harness.apply(ServiceHarness.bundle("1.1", 2))
    try FileManager.default.removeItem(at: harness.services.appending(path: "gateway-1.0"))
    #expect(try harness.rollback().result == .nothingThere)
    #expect(harness.warnings.count == 2)
    #expect(harness.runs() == "gateway 1.1")
    #expect(failureCode(ServiceCode.self) { try harness.rollback("other") } == .noSuchService)
  }

  @Test func aTreeThatWasChangedIsNotRunFrom() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    try harness.apply(ServiceHarness.bundle("1.1", 2))
    try Data("other".utf8).write(to: harness.services.appending(path: "gateway-1.0/bin/0"))
    #expect(failureCode(ServiceCode.self) { try harness.rollback() } == .treeMismatch)
    #expect(harness.runs() == "gateway 1.1")
  }

  @Test func noRollbackBelowTheFloor() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    try harness.apply(ServiceHarness.bundle("1.1", 2, floor: 2))
    #expect(failureCode(PolicyCode.self) { try harness.rollback() } == .belowFloor)
  }

  // MARK: - Purge

  private func purge(_ harness: ServiceHarness, _ keepDays: Int? = nil) throws -> [String] {
    try harness.updater().purge(keepDays: keepDays) { harness.note($0) }
  }

  @Test func oldTreesAreRemoved() throws {
    let harness = try ServiceHarness()
    for (version, sequence) in [("1.0", 1), ("1.1", 2), ("1.2", 3)] as [(String, Int64)] {
      try harness.apply(ServiceHarness.bundle(version, sequence))
    }
    let folder = harness.services.appending(path: "gateway-1.0/bin").path
    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder)
    #expect(try purge(harness) == [])
    harness.now = Timestamp(seconds: harness.now.seconds + 8 * 86_400)
    #expect(try purge(harness) == ["gateway-1.0"])
    #expect(try harness.names() == ["gateway", "gateway-1.1", "gateway-1.2"])
    #expect(try harness.record().older == [])
    #expect(try purge(harness, 0) == [])
    #expect(try harness.rollback().version == "1.1")
  }

  @Test func whatIsNoTreeOfAServiceIsLeftAlone() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    for name in ["keys.d", "other-1.0", ".gateway-1.0.backup", "root.json"] {
      try FileManager.default.createDirectory(
        at: harness.services.appending(path: name), withIntermediateDirectories: true)
    }
    let left = harness.services.appending(path: ".gateway-0.9.partial/bin")
    try FileManager.default.createDirectory(at: left, withIntermediateDirectories: true)
    harness.now = Timestamp(seconds: harness.now.seconds + 900 * 86_400)
    #expect(try purge(harness, 0) == [])
    #expect(
      try harness.names() == [
        ".gateway-1.0.backup", "gateway", "gateway-1.0", "keys.d", "other-1.0", "root.json",
      ])
  }

  /// A tree's own link to somewhere else is a link, and is removed as one.
  @Test func nothingIsRemovedThroughALink() throws {
    let harness = try ServiceHarness()
    for (version, sequence) in [("1.0", 1), ("1.1", 2), ("1.2", 3)] as [(String, Int64)] {
      try harness.apply(ServiceHarness.bundle(version, sequence))
    }
    let outside = harness.folder.appending(path: "outside")
    try FileManager.default.createDirectory(at: outside, withIntermediateDirectories: true)
    try Data().write(to: outside.appending(path: "precious"))
    try FileManager.default.createSymbolicLink(
      at: harness.services.appending(path: "gateway-1.0/bin/out"), withDestinationURL: outside)
    #expect(try purge(harness, 0) == ["gateway-1.0"])
    #expect(FileManager.default.fileExists(atPath: outside.appending(path: "precious").path))
  }

  // MARK: - A record that is damaged

  @Test func aDamagedRecordIsReplacedByTheOneBefore() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    let record = harness.folder.appending(path: "services.json")
    try Data("x".utf8).write(to: record)
    let (services, warnings) = try harness.updater().status()
    #expect(services.map(\.version) == ["1.0"])
    #expect(warnings.count == 1)
    try harness.apply(ServiceHarness.bundle("1.1", 2))
    #expect(harness.runs() == "gateway 1.1")
    // Without any record the link still tells what runs, and nothing is removed or overwritten.
    for name in ["services.json", "services.previous.json"] {
      try Data("x".utf8).write(to: harness.folder.appending(path: name))
    }
    #expect(
      failureCode(PolicyCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
        == .sameSequence)
    #expect(try purge(harness, 0) == [])
    try harness.apply(ServiceHarness.bundle("1.2", 3))
    #expect(harness.runs() == "gateway 1.2")
  }

  // MARK: - Power cuts

  /// The device as it stands behind each step, copied, and what a command makes of it after the cut.
  @Test func whereverThePowerIsCutTheLinkLeadsToAWholeTree() throws {
    let harness = try ServiceHarness()
    try harness.apply(ServiceHarness.bundle("1.0", 1))
    // A tree of the name is there already, as after an install that was put back.
    harness.effects.script([], then: bad)
    #expect(
      failureCode(ServiceCode.self) { try harness.apply(ServiceHarness.bundle("1.1", 2)) }
        == .notHealthy)
    harness.effects.script([])
    let copies = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: copies, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: copies) }
    harness.after = { [folder = harness.folder] step in
      try runProgram("cp", "-a", folder.path, copies.appending(path: step.rawValue).path)
    }
    try harness.apply(ServiceHarness.bundle("1.1", 2), force: true)
    let swapped: Set<ServiceFolder.Step> = [.linkSwapped, .linkFlushed]
    for step in ServiceFolder.Step.allCases {
      let device = try ServiceHarness()
      try FileManager.default.removeItem(at: device.folder)
      try FileManager.default.copyItem(
        at: copies.appending(path: step.rawValue), to: device.folder)
      let expected = swapped.contains(step) ? "1.1" : "1.0"
      #expect(device.runs() == "gateway \(expected)", "\(step)")
      let (services, _) = try device.updater().status()
      #expect(services.map(\.version) == [expected], "\(step)")
      #expect(services.map(\.isProven) == [!swapped.contains(step)], "\(step)")
      let tree = device.services.appending(path: "gateway-\(expected)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: tree.path + "/bin").count == 3)
      // The same command again finishes it, and nothing is left of the cut.
      let again = try device.apply(ServiceHarness.bundle("1.1", 2), force: true)
      #expect(again.map(\.result) == [.installed], "\(step)")
      #expect(device.runs() == "gateway 1.1", "\(step)")
      #expect(try device.names() == ["gateway", "gateway-1.0", "gateway-1.1"], "\(step)")
      #expect(try device.record().previous?.version == "1.0", "\(step)")
    }
  }
}
