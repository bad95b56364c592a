import SlotCore
import Testing

@Suite struct InstallPolicyTests {
  private let sample = SampleBundle()
  private let force = InstallOverrides(force: true)
  private let down = InstallOverrides(allowDowngrade: true)

  /// A device on which the sample (sequence 12, from 5 on) installs.
  private var facts: InstallFacts {
    InstallFacts(
      product: "kruxos", hardware: ["box-9", "box-2"], bootedSequence: 11,
      bootedImage: digest("booted"), bootedVersion: "1.0.0", floor: 3,
      slotCapacity: sample.artefact.length)
  }

  private func decide(
    _ overrides: InstallOverrides = InstallOverrides(), manifest: Manifest? = nil,
    _ change: (inout InstallFacts) -> Void = { _ in }
  ) throws -> InstallDecision {
    var facts = facts
    change(&facts)
    return try InstallPolicy.decide(
      manifest ?? sample.manifest, image: sample.artefact, facts: facts, overrides: overrides)
  }

  private func refusal(
    _ overrides: InstallOverrides = InstallOverrides(), manifest: Manifest? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ change: (inout InstallFacts) -> Void = { _ in }
  ) -> PolicyCode? {
    code(sourceLocation: sourceLocation) {
      _ = try decide(overrides, manifest: manifest, change)
    }
  }

  private var bad: KnownBad? {
    var ledger = Ledger()
    ledger.stage(.b, .sample("1.0.1"), .sample())
    ledger.fail(.b, reason: "the gateway failed to start", .sample())
    return ledger.knownBad.first
  }

  private let everything = InstallOverrides(force: true, allowDowngrade: true)

  @Test func proceeds() throws { #expect(try decide() == .proceed) }

  @Test func identity() {
    #expect(refusal(everything) { $0.product = nil } == .identityUnknown)
    #expect(refusal(everything) { $0.product = "other" } == .wrongProduct)
    #expect(refusal(everything) { $0.hardware = ["box-9"] } == .wrongHardware)
    #expect(refusal(everything) { $0.hardware = [] } == .wrongHardware)
  }

  @Test func artefacts() {
    var firmware = sample.manifest
    firmware.artefacts.append(sample.artefact)
    firmware.artefacts[1].kind = Artefact.Kind(rawValue: "firmware")
    var two = sample.manifest
    two.artefacts.append(sample.artefact)
    var none = sample.manifest
    none.artefacts = []
    var treeAlone = sample.manifest
    treeAlone.artefacts[0].kind = .tree
    for manifest in [firmware, treeAlone, two, none] {
      #expect(refusal(everything, manifest: manifest) == .unsupportedArtefact)
    }
  }

  @Test func anOpenTrial() throws {
    #expect(refusal(everything) { $0.assessment = .trial } == .trialOpen)
    #expect(refusal(everything) { $0.assessment = .givenUp } == .rebootPending)
    let others: [BootAssessment] = [
      .staged, .returned(from: .b, reason: ""), .switchNeverHappened(.b), .settled,
    ]
    for assessment in others { #expect(try decide { $0.assessment = assessment } == .proceed) }
  }

  @Test func aBootloaderThatDoesNotSave() {
    #expect(refusal(everything) { $0.savesTries = false } == .bootloaderDoesNotSave)
  }

  @Test func theRunningImage() throws {
    let image = sample.imageDigest
    #expect(try decide { $0.bootedImage = image } == .alreadyRunning)
    #expect(
      try decide {
        $0.bootedImage = image
        $0.bootedSequence = 12
      } == .alreadyRunning)
    #expect(
      try decide(force) {
        $0.bootedImage = image
        $0.bootedSequence = 12
      } == .proceed)
  }

  @Test func theFloor() throws {
    #expect(refusal(everything) { $0.floor = 13 } == .belowFloor)
    #expect(try decide { $0.floor = 12 } == .proceed)
  }

  @Test func downgrades() throws {
    #expect(refusal { $0.bootedSequence = 13 } == .downgrade)
    #expect(refusal(force) { $0.bootedSequence = 13 } == .downgrade)
    #expect(try decide(down) { $0.bootedSequence = 13 } == .proceed)
  }

  @Test func theSameSequenceWithAnotherImage() throws {
    #expect(refusal(everything) { $0.bootedSequence = 12 } == .sameSequence)
    #expect(
      try decide {
        $0.bootedSequence = 12
        $0.bootedImage = nil
      } == .proceed)
  }

  @Test func theSourceIsTooOld() throws {
    #expect(refusal(everything) { $0.bootedSequence = 4 } == .sourceTooOld)
    #expect(try decide { $0.bootedSequence = 5 } == .proceed)
  }

  @Test func withoutABootedSequence() throws {
    #expect(try decide { $0.bootedSequence = nil } == .proceed)
    #expect(
      refusal {
        $0.bootedSequence = nil
        $0.floor = 13
      } == .belowFloor)
  }

  @Test func knownBad() throws {
    #expect(refusal { $0.knownBad = bad } == .knownBad)
    #expect(refusal(down) { $0.knownBad = bad } == .knownBad)
    #expect(refusal { $0.lastBad = sample.imageDigest } == .knownBad)
    #expect(try decide { $0.lastBad = digest("another") } == .proceed)
    #expect(
      try decide(force) {
        $0.knownBad = bad
        $0.lastBad = sample.imageDigest
      } == .proceed)
  }

  @Test func theSlotIsTooSmall() throws {
    let length = sample.artefact.length
    #expect(refusal(everything) { $0.slotCapacity = length - 1 } == .slotTooSmall)
    #expect(try decide { $0.slotCapacity = length + 1 } == .proceed)
  }

  /// With everything wrong the first reason is given; each is put right in turn.
  @Test func theOrderOfReasons() throws {
    var facts = InstallFacts(
      product: nil, hardware: [], bootedSequence: 13, bootedImage: digest("booted"),
      bootedVersion: nil, floor: 20, slotCapacity: 0, knownBad: bad, assessment: .trial,
      savesTries: false)
    let steps: [(PolicyCode, (inout InstallFacts) -> Void)] = [
      (.identityUnknown, { $0.product = "other" }), (.wrongProduct, { $0.product = "kruxos" }),
      (.wrongHardware, { $0.hardware = ["box-1"] }), (.trialOpen, { $0.assessment = .settled }),
      (.bootloaderDoesNotSave, { $0.savesTries = true }), (.belowFloor, { $0.floor = 0 }),
      (.downgrade, { $0.bootedSequence = 4 }), (.sourceTooOld, { $0.bootedSequence = 11 }),
      (.knownBad, { $0.knownBad = nil }), (.slotTooSmall, { $0.slotCapacity = .max }),
    ]
    for (reason, repair) in steps {
      #expect(refusal { $0 = facts } == reason)
      repair(&facts)
    }
    #expect(try decide { $0 = facts } == .proceed)
  }

  @Test func reasonsAreSentencesWithAHint() {
    let failure = #expect(throws: PolicyFailure.self) { try decide { $0.knownBad = bad } }
    #expect(
      failure?.message
        == "release 1.0.1 failed on this device before: the gateway failed to start")
    #expect(failure?.hint?.contains("--force") == true)
    #expect(failure?.domain == .policy && failure?.codeName == "known_bad")
  }
}
