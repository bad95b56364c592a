public import SlotCore

/// One run of automatic updates: what `AutoPolicy` decides is done, until it says to wait.
///
/// The settings are those of the start: who changes them while it runs changes the next run. The one thing that is
/// looked at again is whether a window is still open, at the switch itself.
public struct AutoRun {
  /// What a run did.
  public enum Step: Equatable, Sendable {
    case checked
    case downloaded(version: String)
    case applied(version: String)
    case calledOff(version: String, reason: String)
    case rebooting(version: String)
  }

  public struct Report: Equatable, Sendable {
    public var steps: [Step] = []
    /// Nil when the device reboots.
    public var wait: AutoWait?
    public var nextCheck: Timestamp
    /// In which times are said.
    public var zone: TimeZoneRules
  }

  private let settings: AutoSettings
  private let effects: any AutoEffects
  private let schedule: Result<WindowSchedule, AutoFailure>
  private var memory: AutoMemory
  private var saved: AutoMemory
  private var answer: AutoAnswer?
  /// The answer is of this run.
  private var isFresh = false
  private var steps: [Step] = []

  public init(_ settings: AutoSettings, _ effects: any AutoEffects) {
    self.settings = settings
    self.effects = effects
    schedule = effects.schedule(settings)
    memory = effects.memory()
    saved = memory
  }

  /// - Throws: what a step threw, but for a feed that cannot be reached and a lock that is held, which are things to wait
  ///   for. It is kept in mind before, and the next try comes later.
  public mutating func run() throws -> Report {
    guard settings.isEnabled else { return report(.off, nextCheck: effects.now().wall) }
    answer = effects.storedAnswer()
    // Check, check again before a step, install, reboot; one more to say what it waits for.
    for _ in 0..<5 {
      let (policy, decision) = try decide()
      do {
        switch decision {
        case .wait(let wait): return try rest(wait, policy)
        case .check: try check()
        case .download(let release), .apply(let release):
          // Withdrawals and waves are of now.
          try isFresh ? install(release) : check()
        case .callOff(let image, let reason): try callOff(image, reason)
        case .reboot(let image): return try reboot(image, policy)
        }
      } catch let failure as LockFailure where failure.code == .held {
        return try rest(.busy(failure.message), policy)
      }
    }
    let (policy, _) = try decide()
    return try rest(.busy("the state of the device does not settle"), policy)
  }

  private mutating func decide() throws -> (AutoPolicy, AutoDecision) {
    let now = effects.now()
    let device = try effects.device()
    memory.settle(device, now)
    var facts = AutoFacts(
      now: now, isClockBehind: effects.isClockBehind(), device: device, answer: answer)
    let policy = AutoPolicy(settings, schedule, memory, facts)
    let decision = policy.decision
    guard let (step, version) = decision.step else { return (policy, decision) }
    facts.inhibitors = effects.inhibitors(step, version: version, settings)
    let inhibited = AutoPolicy(settings, schedule, memory, facts)
    return (inhibited, inhibited.decision)
  }

  // MARK: - Steps

  private mutating func check() throws {
    memory.asks(settings, effects.now(), chance: effects.chance)
    try keep()
    do { answer = try effects.ask() } catch {
      guard remembers(error) else { throw error }
      memory.checkFailed("\(error)")
      return try end(error)
    }
    memory.answered(settings, chance: effects.chance)
    isFresh = true
    if steps.last != .checked { steps.append(.checked) }
  }

  private mutating func install(_ release: Release) throws {
    let outcome: ApplyOutcome
    do { outcome = try effects.install(release, maySwitch: switching(release)) } catch {
      // What was noted before the switch stays noted: it may have been made all the same.
      memory.passed = effects.memory().passed
      guard remembers(error) else { throw error }
      memory.installFailed("\(error)", settings, effects.now(), chance: effects.chance)
      return try end(error)
    }
    memory.installed()
    switch outcome {
    case .prepared:
      memory.downloaded = release.imageDigest
      steps.append(.downloaded(version: release.version))
      effects.record(event(.downloaded, release.version))
    case .staged:
      memory.tries(release, effects.now())
      memory.applied(release.imageDigest)
      steps.append(.applied(version: release.version))
    case .alreadyStaged, .alreadyRunning, .planned: break
    }
    try keep()
  }

  /// Whether to switch, asked when everything is written and proved.
  private func switching(_ release: Release) -> @Sendable () throws -> Bool {
    { [settings, schedule, effects, memory] in
      let now = effects.now()
      let isBehind = effects.isClockBehind()
      guard AutoPolicy.maySwitch(settings, schedule, now, isClockBehind: isBehind) else {
        return false
      }
      // Kept before the switch: one that nobody knows of would be a second trial one day.
      var noted = memory
      noted.tries(release, now)
      try effects.save(noted)
      return true
    }
  }

  private mutating func callOff(_ image: ImageIdentity, _ reason: String) throws {
    try effects.callOff()
    steps.append(.calledOff(version: image.version, reason: reason))
  }

  private mutating func reboot(_ image: ImageIdentity, _ policy: AutoPolicy) throws -> Report {
    memory.reboots(for: image.imageDigest, effects.now())
    try keep()
    effects.record(event(.rebooting, image.version))
    try effects.reboot()
    steps.append(.rebooting(version: image.version))
    return report(nil, nextCheck: policy.nextCheck)
  }

  // MARK: - Ends

  /// Nobody failed where a person or another command came between.
  private func remembers(_ error: any Error) -> Bool {
    !(error is CancellationFailure) && (error as? LockFailure)?.code != .held
  }

  /// A feed that is not reached is nothing that a person has to look at. Everything else is, and ends the run.
  private mutating func end(_ error: any Error) throws {
    try keep()
    guard error is SourceFailure else { throw error }
  }

  private mutating func rest(_ wait: AutoWait, _ policy: AutoPolicy) throws -> Report {
    memory.inhibited = if case .inhibited(_, let reasons) = wait { reasons } else { [] }
    let told = wait.version.map { "\(wait.code) \($0)" }
    if memory.told != told {
      memory.told = told
      if let version = wait.version {
        effects.record(event(.waiting, version, wait.sentence(zone)))
      }
    }
    try keep()
    return report(wait, nextCheck: policy.nextCheck)
  }

  private mutating func keep() throws {
    guard memory != saved else { return }
    try effects.save(memory)
    saved = memory
  }

  private var zone: TimeZoneRules { (try? schedule.get())?.zone ?? .utc }

  private func report(_ wait: AutoWait?, nextCheck: Timestamp) -> Report {
    Report(steps: steps, wait: wait, nextCheck: nextCheck, zone: zone)
  }

  private func event(
    _ kind: RecordEvent.Kind, _ version: String, _ reason: String? = nil
  ) -> RecordEvent {
    RecordEvent(kind, version: version, reason: reason)
  }
}

extension AutoDecision {
  /// The step that inhibitors are asked about, and of which version.
  public var step: (AutoStep, version: String)? {
    switch self {
    case .download(let release): (.download, release.version)
    case .apply(let release): (.apply, release.version)
    case .reboot(let image): (.reboot, image.version)
    case .check, .callOff, .wait: nil
    }
  }
}
