import SlotCore
import SlotKit
import SlotKitTesting

/// Cuts a life at every moment, and judges what is left.
public struct Replay {
  public struct Options: Sendable {
    /// At each write.
    public var randomSubsets = 40
    public var seed: UInt64 = 1
    /// The recoveries are cut too.
    public var nested = true
    public var stopsAtFirst = false

    public init() {}
  }

  /// What was looked at.
  public struct Count: Sendable {
    public var writes = 0
    public var flushes = 0
    /// States enumerated, and how many of them differ.
    public var states = 0
    public var distinct = 0
    /// Cuts of recoveries among them.
    public var nested = 0
    /// Boots simulated after a cut, by the product's own code.
    public var recoveries = 0
    public var updates = 0
    public var violations: [String] = []
  }

  private struct RecoveryKey: Hashable {
    var environment: [BlockContent]
    var ledger: [[BlockContent]]
    /// Of each slot: the release, or -1 with a clear head, or -2.
    var slots: [Int]
    var notes: Appliance.Notes
    var isNested: Bool
  }

  private struct UpdateKey: Hashable {
    var recovery: RecoveryKey
    /// Which frames of each slot are those of the release that is installed next: all that an install can see.
    var frames: [Bool]
  }

  private let shop: ReleaseShop
  private let options: Options
  private var names = Appliance.Names()
  private var journal = NoteBook()
  private var rules: StateRules?
  private var weakness: Weakness?
  private struct Judged: Hashable {
    var state: UInt64
    var notes: Appliance.Notes
  }

  private var seen: Set<UInt64> = []
  private var judged: Set<Judged> = []
  private var recovered: Set<RecoveryKey> = []
  private var updated: Set<UpdateKey> = []
  private var found: Set<String> = []
  public private(set) var count = Count()

  public init(_ shop: ReleaseShop, _ options: Options) {
    self.shop = shop
    self.options = options
  }

  /// Of the random subsets every so many get another update.
  private static let updateEach: UInt64 = 16

  private struct Stop: Error {}

  /// Lives a life and cuts it.
  public mutating func run(without weakness: Weakness? = nil) throws {
    self.weakness = weakness
    seen = []
    judged = []
    recovered = []
    updated = []
    found = []
    count = Count()
    do { try cutLife() } catch is Stop {}
  }

  private mutating func cutLife() throws {
    let life = try Life(shop, weakness: weakness)
    journal = life.journal
    rules = StateRules(shop: shop, journal: journal)
    do { try life.live() } catch {
      try report("\(error)", "without a cut")
    }
    names = life.appliance.names
    let log = life.appliance.disk.log
    for entry in log {
      switch entry {
      case .write: count.writes += 1
      case .flush: count.flushes += 1
      case .mark: break
      }
    }
    try cut(log, from: life.start, nested: false, options.randomSubsets)
  }

  private mutating func cut(
    _ log: [PowerCutDisk.Entry], from start: DiskImage, nested: Bool, _ randomSubsets: Int,
    mark: Int? = nil
  ) throws {
    var states = CrashStates(start, log: log, randomSubsets: randomSubsets, seed: options.seed)
    try states.enumerate { image, place in
      count.states += 1
      if nested { count.nested += 1 }
      let notes = journal[place.mark == 0 ? mark ?? 0 : place.mark]
      if seen.insert(image.fingerprint).inserted { count.distinct += 1 }
      // The same state is judged again when more was promised by then.
      let judgement = Judged(state: image.fingerprint, notes: notes.judged)
      guard judged.insert(judgement).inserted else { return }
      do { try judge(image, notes, place, nested: nested) } catch let stop as Stop {
        throw stop
      } catch {
        let whose = nested ? "recovery of a cut in: " : ""
        try report(
          "\(error)", "\(whose)\(notes.step), entry \(place.position), kept: \(place.kept)")
      }
    }
  }

  private mutating func report(_ violation: String, _ place: String) throws {
    // Many states show one fault; each is told once.
    if found.insert(String(violation.prefix(60))).inserted || count.violations.isEmpty {
      count.violations.append("\(violation) [\(place)]")
    }
    if options.stopsAtFirst || count.violations.count >= 20 { throw Stop() }
  }

  // MARK: - One state

  private func appliance(_ image: DiskImage) -> Appliance {
    Appliance(
      shop, disk: PowerCutDisk(image, pool: shop.pool), names: names, journal,
      weakness: weakness)
  }

  private mutating func judge(
    _ image: DiskImage, _ notes: Appliance.Notes, _ place: CrashStates.Place, nested: Bool
  ) throws {
    let cut = appliance(image)
    try rules?.check(cut, notes)
    let key = RecoveryKey(
      environment: cut.environmentBlocks, ledger: cut.ledgerBlocks,
      slots: SlotName.allCases.map { slot in
        let contents = SlotContents(shop, image[Appliance.Volume.slots[slot] ?? 0])
        return contents.release?.number ?? (contents.headIsClear ? -1 : -2)
      }, notes: notes.continued, isNested: nested)
    if recovered.insert(key).inserted {
      for cuts in 0...BootControl.defaultTries {
        try recover(image, notes, cuts: cuts, nested: nested)
      }
    }
    // An update after each of the random ones would take hours, and shows nothing that the others do not.
    if place.isRandom, image.fingerprint % Replay.updateEach != 0 { return }
    let update = UpdateKey(
      recovery: key, frames: matchingFrames(image, shop.releases[notes.installing]))
    if updated.insert(update).inserted { try converge(image, notes) }
  }

  /// As far as a log goes that begins here.
  private func begin(_ image: DiskImage, _ notes: Appliance.Notes) -> (Appliance, mark: Int) {
    let appliance = appliance(image)
    _ = journal.add { $0 = notes }
    if let control = try? appliance.environment.load() { appliance.mean(control, isSaved: true) }
    let mark = journal.add { _ in }
    return (appliance, mark)
  }

  private mutating func recover(
    _ image: DiskImage, _ notes: Appliance.Notes, cuts: Int, nested: Bool
  ) throws {
    let (appliance, mark) = begin(image, notes)
    let recovery = Recovery(appliance, notes, journal)
    count.recoveries += 1
    try recovery.comeUp(cuts: cuts)
    guard options.nested, !nested, cuts == 0 else { return }
    try cut(appliance.disk.log, from: image, nested: true, 0, mark: mark)
  }

  private mutating func converge(_ image: DiskImage, _ notes: Appliance.Notes) throws {
    let (appliance, _) = begin(image, notes)
    let recovery = Recovery(appliance, notes, journal)
    count.updates += 1
    try recovery.comeUp(cuts: 0)
    try recovery.converge()
  }

  private func matchingFrames(_ image: DiskImage, _ release: Release) -> [Bool] {
    let frame = SampleBundle.frameSize / PowerCutDisk.blockBytes
    return SlotName.allCases.flatMap { slot in
      let blocks = image[Appliance.Volume.slots[slot] ?? 0]
      return stride(from: 0, to: blocks.count, by: frame).map {
        blocks[$0..<$0 + frame].elementsEqual(release.blocks[$0..<$0 + frame])
      }
    }
  }
}
