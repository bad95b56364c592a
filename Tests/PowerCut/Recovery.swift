import SlotCore
import SlotKit
import SlotKitTesting

/// What becomes of an appliance after a cut: several boots in a row, some of them cut off too, until one is healthy;
/// then the next update.
struct Recovery {
  let shop: ReleaseShop
  let journal: NoteBook
  let appliance: Appliance
  /// What the cut is judged by.
  let notes: Appliance.Notes
  /// Slots of which the ledger knew no more, at the cut, than that they were about to be written.
  private let forgotten: [SlotName]

  private static let maximumBoots = 12

  init(_ appliance: Appliance, _ notes: Appliance.Notes, _ journal: NoteBook) {
    self.appliance = appliance
    self.notes = notes
    self.journal = journal
    shop = appliance.shop
    let ledger = (try? appliance.ledgers.load())?.ledger
    forgotten = SlotName.allCases.filter { [nil, .writing].contains(ledger?[$0]?.state) }
  }

  /// Boots, the first `cuts` of which end before anything runs, until a boot is healthy.
  ///
  /// - Throws: `Violation`.
  func comeUp(cuts: Int) throws {
    var cuts = cuts
    for _ in 0..<Recovery.maximumBoots {
      let release = try boot()
      if cuts > 0 || release.nature == .crashing {
        cuts -= 1
        continue
      }
      let wasTrial = appliance.control.trial == appliance.booted
      if try isHealthy(release, wasTrial: wasTrial) {
        return try checkSettled(release)
      }
      appliance.restart()
    }
    throw Violation("\(Recovery.maximumBoots) boots, and none of them is healthy")
  }

  private func boot() throws -> Release {
    let before = appliance.control
    if let trial = before.trial, before.triesLeft(trial) == 0,
      let release = appliance.release(in: trial)
    {
      appliance.note {
        $0.blamed.insert(release.number)
        $0.failed.insert(release.number)
      }
    }
    let foreseen = BootDecision(before) { appliance.hasHead($0) }.outcome
    guard case .boot(let slot) = appliance.powerOn() else { throw Violation("no slot boots") }
    guard foreseen == .boot(slot) else { throw Violation("another slot boots than foreseen") }
    guard let release = appliance.release(in: slot) else {
      throw Violation("slot \(slot.rawValue) boots and is not whole")
    }
    return release
  }

  /// - Returns: false when the system goes back to the other slot.
  private func isHealthy(_ release: Release, wasTrial: Bool) throws -> Bool {
    let outcome = try appliance.watch()
    switch outcome {
    case .confirmed, .triesGivenBack, .environmentRecreated:
      guard release.check == .healthy else { throw Violation("\(release.version) was confirmed") }
      return true
    case .fellBack:
      guard wasTrial else { throw Violation("a fall back without a trial") }
      // A rejected release that a cut saved from its fall back is good for the watcher.
      guard release.check != .healthy || blamed.contains(release.number) else {
        throw Violation("\(release.version) is good, and was given up: \(outcome)")
      }
      appliance.note {
        $0.blamed.insert(release.number)
        $0.failed.insert(release.number)
      }
      return false
    case .unhealthy(let reason):
      throw Violation("\(release.version) stays although it is not healthy: \(reason)")
    case .givenUp: throw Violation("the running slot counts as given up after a reboot")
    }
  }

  private var blamed: Set<Int> { appliance.notes.blamed }

  // MARK: - A healthy boot

  private func checkSettled(_ release: Release) throws {
    let booted = appliance.booted
    let control = try appliance.environment.load()
    // A confirmed slot whose boots were all cut off stays first, without tries.
    let isFirst = control.first == booted || control.triesLeft(booted.other) == 0
    guard control.trial == nil, isFirst, control[booted].bootable, control[booted].triesMade == 0
    else { throw Violation("after a healthy boot boot control is not settled: \(control)") }
    if let bad = control.lastBad.flatMap(shop.release) { try checkBlame(bad) }
    let loaded = try appliance.ledgers.load()
    guard loaded.origin == .current else { throw Violation("the ledger is \(loaded.origin)") }
    // What an install that was cut off before it began had forgotten is not known again.
    let record = loaded.ledger[booted]
    guard
      record == nil && forgotten.contains(booted)
        || record?.state == .confirmed && record?.image.imageDigest == release.digest
    else {
      throw Violation(
        "\(release.version) is healthy, and the ledger says"
          + " \(loaded.ledger[booted].map { "\($0.image.version) \($0.state)" } ?? "nothing")")
    }
    let remembered = loaded.ledger.knownBad.compactMap { shop.release($0.imageDigest)?.number }
    for number in remembered { try checkBlame(shop.releases[number]) }
    for number in appliance.notes.failed where !remembered.contains(number) {
      throw Violation("\(shop.releases[number].version) has failed, and is not remembered")
    }
    if let number = loaded.ledger.history.firstBrokenNumber {
      throw Violation("the history is broken at \(number)")
    }
    try checkStatus(release)
  }

  private func checkBlame(_ release: Release?) throws {
    let isGood = release?.nature == .good || release?.nature == .rejected
    guard let release, !isGood || blamed.contains(release.number) else {
      throw Violation("\(release?.version ?? "?") is remembered as bad, and is not to blame")
    }
  }

  private func checkStatus(_ release: Release) throws {
    let status = try appliance.status()
    guard status.version == release.version else {
      throw Violation("status names \(status.version ?? "nothing"), running is \(release.version)")
    }
    guard status.nextBoot == .boot(appliance.booted) else {
      throw Violation("status foresees \(status.nextBoot)")
    }
    guard status.environmentError == nil else { throw Violation("status: no environment") }
    if let version = status.rollbackVersion,
      appliance.release(in: appliance.booted.other)?.version != version
    {
      throw Violation("status offers \(version), which is not there whole")
    }
    guard let (version, reason) = status.returned else {
      let other = appliance.release(in: appliance.booted.other)
      // Where the ledger knows of it: an install that is about to write over it has forgotten it.
      if let other, appliance.notes.failed.contains(other.number),
        status.other.image?.imageDigest == other.digest
      {
        throw Violation("\(other.version) has failed, and status says nothing of it")
      }
      return
    }
    guard let failed = shop.release(version: version) else {
      throw Violation("status says that \(version) failed")
    }
    try checkBlame(failed)
    guard
      blamed.contains(failed.number) && reason.contains("tries used")
        || failed.expectedReason.map(reason.contains) ?? false
    else { throw Violation("status gives a wrong reason for \(version): \(reason)") }
  }

  // MARK: - The next update

  /// The update that was under way, once more.
  ///
  /// - Throws: `Violation`.
  func converge() throws {
    let release = shop.releases[notes.installing]
    do {
      let outcome = try applyOrRestart(release)
      if case .alreadyRunning = outcome {
        guard appliance.release(in: appliance.booted)?.number == release.number else {
          throw Violation("\(release.version) is said to run, and does not")
        }
        return
      }
    } catch let failure as PolicyFailure where failure.code == .knownBad {
      return try checkBlame(release)
    }
    let before = appliance.release(in: appliance.booted)
    appliance.restart()
    try comeUp(cuts: 0)
    let after = appliance.release(in: appliance.booted)
    guard after?.number == (release.nature == .good ? release.number : after?.number),
      release.nature == .rejected || release.nature == .good || after?.number == before?.number
    else {
      throw Violation("after another apply \(after?.version ?? "nothing") runs")
    }
  }

  /// A boot whose environment was unreadable has no evidence of a saved try: an update waits for the next one.
  private func applyOrRestart(_ release: Release) throws -> ApplyOutcome {
    do { return try appliance.apply(release.number) } catch let failure as PolicyFailure
      where failure.code == .bootloaderDoesNotSave && notes.environmentIsDamaged
    {
      appliance.restart()
      try comeUp(cuts: 0)
      return try appliance.apply(release.number)
    }
  }
}
