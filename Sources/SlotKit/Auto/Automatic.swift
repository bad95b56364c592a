public import SlotCore
internal import SystemPackage

/// What there is to say of automatic updates.
public struct AutoStatus: Sendable {
  public let settings: AutoSettings
  /// What would be done now; with what kept the last run from it.
  public let decision: AutoDecision
  public let nextCheck: Timestamp
  /// In which times are said.
  public let zone: TimeZoneRules
}

extension Updater {
  var autoStore: AutoStore { AutoStore(directory: layout.stateDirectory) }

  /// What the image and the operator say of automatic updates.
  ///
  /// - Throws: `AutoFailure`.
  public func autoSettings() throws(AutoFailure) -> AutoSettings {
    try autoStore.choice().applied(to: configuration.auto)
  }

  /// Changes what an operator chose. What cannot be read is what this is to put right.
  ///
  /// - Returns: the settings from now on.
  /// - Throws: `AutoFailure`.
  public func chooseAuto(
    _ change: (inout AutoChoice) -> Void
  ) throws(AutoFailure) -> AutoSettings {
    var choice = (try? autoStore.choice()) ?? AutoChoice()
    change(&choice)
    try autoStore.save(choice)
    let settings = choice.applied(to: configuration.auto)
    recorder.record(RecordEvent(settings.isEnabled ? .automaticOn : .automaticOff))
    return settings
  }

  /// Does what is due. `auto check`, which a timer starts.
  ///
  /// - Throws: `LockFailure`, `AutoFailure`, and what the steps throw.
  public func runAutomatic(_ effects: DeviceAuto) throws -> AutoRun.Report {
    let settings = try autoSettings()
    let lock = try UpdateLock(
      directory: layout.runDirectory.appending("auto"), command: "auto check",
      name: "automatic update")
    defer { withExtendedLifetime(lock) {} }
    var run = AutoRun(settings, effects)
    return try run.run()
  }

  /// Asks nobody and writes nothing.
  ///
  /// - Throws: `AutoFailure`, `SlotFailure`.
  public func autoStatus() throws -> AutoStatus {
    let settings = try autoSettings()
    let effects = DeviceAuto(self)
    var memory = effects.memory()
    let now = effects.now()
    let device = try effects.device()
    memory.settle(device, now)
    var facts = AutoFacts(
      now: now, isClockBehind: effects.isClockBehind(), device: device,
      answer: settings.isEnabled ? effects.storedAnswer() : nil)
    let schedule = effects.schedule(settings)
    var policy = AutoPolicy(settings, schedule, memory, facts)
    if policy.decision.step != nil {
      facts.inhibitors = memory.inhibited
      policy = AutoPolicy(settings, schedule, memory, facts)
    }
    return AutoStatus(
      settings: settings, decision: policy.decision, nextCheck: policy.nextCheck,
      zone: (try? schedule.get())?.zone ?? .utc)
  }
}
