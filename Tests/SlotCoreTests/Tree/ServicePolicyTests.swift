import SlotCore
import Testing

@Suite struct ServicePolicyTests {
  private let sample = SampleBundle()

  /// Release 2, sequence 20, from sequence 10 on.
  private var manifest: Manifest {
    var manifest = sample.manifest
    manifest.artefacts[0].kind = .tree
    manifest.artefacts[0].name = "gateway"
    manifest.artefacts[0].imageDigest = digest("image 2")
    manifest.version = "2"
    manifest.sequence = 20
    manifest.minimumSource = 10
    return manifest
  }

  private func decide(
    _ record: ServiceRecord, linked: String?, _ overrides: InstallOverrides = InstallOverrides(),
    _ change: (inout Manifest) -> Void = { _ in }
  ) throws -> ServicePolicy.Decision {
    var manifest = manifest
    change(&manifest)
    return try ServicePolicy.decide(
      manifest, manifest.artefacts[0], record, linked: linked, overrides: overrides)
  }

  private func refusal(
    _ record: ServiceRecord, linked: String?, _ overrides: InstallOverrides = InstallOverrides(),
    sourceLocation: SourceLocation = #_sourceLocation, _ change: (inout Manifest) -> Void = { _ in }
  ) -> PolicyCode? {
    code(sourceLocation: sourceLocation) {
      _ = try decide(record, linked: linked, overrides, change)
    }
  }

  private let everything = InstallOverrides(force: true, allowDowngrade: true)

  @Test func aNewServiceAndANewerRelease() throws {
    #expect(try decide(ServiceRecord(), linked: nil) == .proceed)
    #expect(try decide(.sample(("1", 10)), linked: "1") == .proceed)
  }

  @Test func whatRunsIsNotInstalledAgain() throws {
    let record = ServiceRecord.sample(("1", 10), ("2", 20))
    #expect(try decide(record, linked: "2") == .alreadyRunning)
    // Its tree is gone, or the link leads elsewhere: then it is made anew.
    #expect(try decide(record, linked: nil) == .proceed)
    #expect(try decide(record, linked: "1") == .proceed)
  }

  @Test func whatHasNoVerdictIsAskedForOne() throws {
    var record = ServiceRecord.sample(("1", 10))
    record.begin(.sample("2", 20))
    #expect(try decide(record, linked: "2") == .unproven)
    #expect(try decide(record, linked: "1") == .proceed)
  }

  @Test func anotherTreeOfTheSameReleaseIsRefused() {
    let record = ServiceRecord.sample(("2", 20))
    #expect(
      refusal(record, linked: "2", everything) { $0.artefacts[0].imageDigest = digest("other") }
        == .sameSequence)
    #expect(
      refusal(record, linked: "2", everything) {
        $0.artefacts[0].imageDigest = digest("other")
        $0.version = "2a"
      } == .sameSequence)
    // A folder that somebody else made is in use all the same.
    #expect(refusal(ServiceRecord(), linked: "2", everything) == .sameSequence)
  }

  @Test func goingBackIsAsked() throws {
    let record = ServiceRecord.sample(("3", 30))
    #expect(refusal(record, linked: "3") == .downgrade)
    #expect(try decide(record, linked: "3", InstallOverrides(allowDowngrade: true)) == .proceed)
  }

  @Test func nothingOverridesTheFloor() {
    var record = ServiceRecord()
    record.begin(.sample("3", 30, floor: 25))
    record.commit(at: Timestamp(seconds: 0))
    #expect(refusal(record, linked: "3", everything) == .belowFloor)
  }

  @Test func aReleaseMayAskForOneInBetween() {
    #expect(refusal(.sample(("1", 9)), linked: "1") == .sourceTooOld)
  }

  @Test func whatFailedIsRefused() throws {
    var record = ServiceRecord.sample(("1", 10))
    record.begin(.sample("2", 20))
    record.putBack(reason: "down", at: Timestamp(seconds: 0))
    #expect(refusal(record, linked: "1") == .knownBad)
    #expect(try decide(record, linked: "1", InstallOverrides(force: true)) == .proceed)
  }

  @Test func theReleaseHasToBeForThisDevice() throws {
    func refusal(_ product: String?, _ hardware: [String], _ manifest: Manifest) -> PolicyCode? {
      code { _ = try ServicePolicy.trees(of: manifest, product: product, hardware: hardware) }
    }
    #expect(refusal("other", ["box-1"], manifest) == .wrongProduct)
    #expect(refusal("kruxos", ["box-9"], manifest) == .wrongHardware)
    #expect(refusal(nil, ["box-1"], manifest) == .identityUnknown)
    #expect(refusal("kruxos", ["box-1"], sample.manifest) == .unsupportedArtefact)
    let trees = try ServicePolicy.trees(of: manifest, product: "kruxos", hardware: ["box-1"])
    #expect(trees.map(\.name) == ["gateway"])
  }

  @Test func anImageIsInstalledFromABundleThatHasTreesToo() throws {
    var both = sample.manifest
    both.artefacts.append(manifest.artefacts[0])
    let facts = InstallFacts(
      product: "kruxos", hardware: ["box-1"], bootedSequence: 11, bootedImage: nil,
      bootedVersion: nil, floor: 0, slotCapacity: 1 << 30)
    #expect(
      try InstallPolicy.decide(
        both, image: sample.artefact, facts: facts, overrides: InstallOverrides()) == .proceed)
  }
}

@Suite struct PurgePolicyTests {
  private let day: Int64 = 86_400

  private func purged(
    _ record: ServiceRecord, linked: String?, made: [String: Int64], now: Int64, keepDays: Int = 7
  ) -> [String] {
    PurgePolicy.versions(
      record, linked: linked, folders: made.mapValues { Timestamp(seconds: $0) },
      keepDays: keepDays, now: Timestamp(seconds: now))
  }

  @Test func oldTreesGoAfterTheirDays() {
    // 1 was left at the end of day 2.
    let record = ServiceRecord.sample(("1", 1), ("2", 2), ("3", 3))
    let made: [String: Int64] = ["1": 0, "2": day, "3": 2 * day]
    #expect(purged(record, linked: "3", made: made, now: 9 * day - 1) == [])
    #expect(purged(record, linked: "3", made: made, now: 9 * day) == ["1"])
    #expect(purged(record, linked: "3", made: made, now: 2 * day, keepDays: 0) == ["1"])
  }

  @Test func whatRunsAndWhatWasBeforeStay() {
    let record = ServiceRecord.sample(("1", 1), ("2", 2))
    #expect(purged(record, linked: "2", made: ["1": 0, "2": 0], now: 900 * day) == [])
    // Whatever the record says, what the link leads to is in use.
    #expect(purged(record, linked: "0", made: ["0": 0, "1": 0, "2": 0], now: 900 * day) == [])
    #expect(purged(ServiceRecord(), linked: nil, made: ["1": 0], now: 900 * day) == [])
    var installing = record
    installing.begin(.sample("3", 3))
    #expect(purged(installing, linked: "2", made: ["3": 0], now: 900 * day) == [])
  }

  @Test func treesThatNobodyRecordedGoByTheirAge() {
    let record = ServiceRecord.sample(("1", 1), ("2", 2))
    #expect(purged(record, linked: "2", made: ["0": 0, "0.5": 5 * day], now: 8 * day) == ["0"])
  }

  @Test func aClockThatWentBackPurgesNothing() {
    let record = ServiceRecord.sample(("1", 1), ("2", 2), ("3", 3))
    #expect(purged(record, linked: "3", made: ["1": 0], now: -900 * day) == [])
  }
}
