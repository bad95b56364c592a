/// What the feed says to this device.
public struct AutoAnswer: Equatable, Sendable {
  public var choice: ReleaseChoice
  /// Images that were withdrawn, with the reason.
  public var withdrawn: [Digest: String]

  public init(choice: ReleaseChoice, withdrawn: [Digest: String] = [:]) {
    self.choice = choice
    self.withdrawn = withdrawn
  }

  public init(_ index: ReleaseIndex, _ facts: ReleaseFacts) {
    choice = ReleasePolicy(index, facts).choose()
    withdrawn = Dictionary(
      index.releases.compactMap { release in
        release.withdrawal.map { (release.imageDigest, $0.reason) }
      }, uniquingKeysWith: { first, _ in first })
  }
}

/// What is known when automatic updates decide.
public struct AutoFacts: Equatable, Sendable {
  public var now: AutoMoment
  /// See `FeedClock.isBehind`.
  public var isClockBehind: Bool
  public var device: AutoDevice
  /// Nil: the feed never said anything.
  public var answer: AutoAnswer?
  /// What speaks against a step now, a sentence each. Asked only once there is one to be made.
  public var inhibitors: [String]

  public init(
    now: AutoMoment, isClockBehind: Bool = false, device: AutoDevice, answer: AutoAnswer?,
    inhibitors: [String] = []
  ) {
    self.now = now
    self.isClockBehind = isClockBehind
    self.device = device
    self.answer = answer
    self.inhibitors = inhibitors
  }
}

/// When updates are checked for, downloaded, made next to boot and booted without anybody asking. See
/// docs/decisions/0024-automatic-updates.md.
public struct AutoPolicy: Sendable {
  private let settings: AutoSettings
  /// Why the windows cannot be judged, where they cannot.
  private let schedule: Result<WindowSchedule, AutoFailure>
  private let memory: AutoMemory
  private let facts: AutoFacts

  /// - Parameter memory: after `AutoMemory.settle`.
  public init(
    _ settings: AutoSettings, _ schedule: Result<WindowSchedule, AutoFailure>,
    _ memory: AutoMemory, _ facts: AutoFacts
  ) {
    self.settings = settings
    self.schedule = schedule
    self.memory = memory
    self.facts = facts
  }

  /// When the feed is asked next, by the wall clock of now.
  public var nextCheck: Timestamp {
    Timestamp(seconds: facts.now.wall.seconds + memory.secondsLeft(settings, facts.now))
  }

  private var isDue: Bool { memory.secondsLeft(settings, facts.now) == 0 }

  public var decision: AutoDecision {
    guard settings.isEnabled else { return .wait(.off) }
    switch facts.device.assessment {
    // The other slot is the way back, and the only good one.
    case .trial: return .wait(.trialOpen)
    case .givenUp: return .wait(.rebootPending)
    case .settled, .staged, .returned, .failedOver, .switchNeverHappened: break
    }
    if isDue { return .check }
    if facts.device.assessment == .staged { return decisionWhenStaged }
    guard let answer = facts.answer else {
      return .wait(
        memory.failure.map { .failed(version: nil, reason: $0) } ?? .neverAnswered)
    }
    switch answer.choice.offer {
    case .upToDate: return .wait(.upToDate)
    case .later(let release, let time):
      return .wait(.later(version: release.version, at: time))
    case .held(let release, let hold): return .wait(.held(version: release?.version, hold))
    case .available(let release, _): return decision(offered: release)
    }
  }

  // MARK: - Something is next to boot

  private var decisionWhenStaged: AutoDecision {
    guard let image = facts.device.other?.image else {
      return .wait(.stagedByHand(version: "unknown"))
    }
    guard let own = memory.passed(image.imageDigest), own.why == .tried else {
      return .wait(.stagedByHand(version: image.version))
    }
    if let reason = facts.answer?.withdrawn[image.imageDigest] {
      return .callOff(image, reason: reason)
    }
    guard settings.step == .reboot else {
      return .wait(.notAutomatic(version: image.version, next: .reboot))
    }
    // A boot environment that nobody obeys would have the device reboot for ever.
    if let rebooted = own.rebooted, rebooted != facts.now.boot {
      return .wait(.didNotStart(version: image.version))
    }
    return closed(image.version, .reboot) ?? inhibited(image.version) ?? .reboot(image)
  }

  // MARK: - Something is offered

  private func decision(offered release: Release) -> AutoDecision {
    let version = release.version
    if let sequence = facts.device.sequence, release.sequence < sequence {
      return .wait(.downgrade(version: version))
    }
    if let passed = memory.passed(release.imageDigest) { return .wait(.passed(passed)) }
    guard settings.step > .check else {
      return .wait(.notAutomatic(version: version, next: .download))
    }
    let isThere = isDownloaded(release)
    if isThere, settings.step == .download {
      return .wait(.notAutomatic(version: version, next: .apply))
    }
    let closed = settings.step == .download ? nil : closed(version, .apply)
    if isThere, let closed { return closed }
    if let failure = memory.failure { return .wait(.failed(version: version, reason: failure)) }
    if let inhibited = inhibited(version) { return inhibited }
    return settings.step == .download || closed != nil ? .download(release) : .apply(release)
  }

  /// Whole in the target slot, as the ledger goes.
  private func isDownloaded(_ release: Release) -> Bool {
    memory.downloaded == release.imageDigest
      && facts.device.other?.image.imageDigest == release.imageDigest
  }

  /// Why no window is open; nil where one is.
  private func closed(_ version: String, _ next: AutoStep) -> AutoDecision? {
    guard !settings.windows.isEmpty else { return nil }
    switch schedule {
    case .failure(let failure): return .wait(.zone(version: version, reason: failure.message))
    case .success(let schedule):
      if facts.isClockBehind { return .wait(.clock(version: version)) }
      if schedule.isOpen(at: facts.now.wall) { return nil }
      let opens = schedule.nextOpening(from: facts.now.wall)
      return .wait(.window(version: version, next: next, opens: opens))
    }
  }

  private func inhibited(_ version: String) -> AutoDecision? {
    facts.inhibitors.isEmpty
      ? nil : .wait(.inhibited(version: version, reasons: facts.inhibitors))
  }
}

extension AutoPolicy {
  /// Whether the switch may be made at this very moment: a window may have closed, or the clock have been set, since
  /// the download began.
  public static func maySwitch(
    _ settings: AutoSettings, _ schedule: Result<WindowSchedule, AutoFailure>, _ now: AutoMoment,
    isClockBehind: Bool
  ) -> Bool {
    guard settings.step >= .apply else { return false }
    if settings.windows.isEmpty { return true }
    guard case .success(let schedule) = schedule, !isClockBehind else { return false }
    return schedule.isOpen(at: now.wall)
  }
}
