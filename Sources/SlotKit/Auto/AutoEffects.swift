public import SlotCore

/// What automatic updates do to the world, and hear of it.
public protocol AutoEffects: Sendable {
  func now() -> AutoMoment
  /// See `FeedClock.isBehind`.
  func isClockBehind() -> Bool
  func device() throws -> AutoDevice
  /// The windows, by the clock of their zone; why not, where it cannot be read.
  func schedule(_ settings: AutoSettings) -> Result<WindowSchedule, AutoFailure>
  /// A number of 0 up to and including `limit`, anew each time.
  func chance(_ limit: Int64) -> Int64

  /// What the feed said last, judged by what is known now; nil where it never said anything. Asks for nothing.
  func storedAnswer() -> AutoAnswer?
  /// - Throws: `SourceFailure` where the feed cannot be reached, `FeedFailure` where it cannot be trusted.
  func ask() throws -> AutoAnswer
  /// What speaks against `step` of `version` now.
  func inhibitors(_ step: AutoStep, version: String, _ settings: AutoSettings) -> [String]

  /// `Updater.apply` of what the feed announces.
  func install(
    _ release: Release, maySwitch: @escaping @Sendable () throws -> Bool
  ) throws -> ApplyOutcome
  /// What is staged does not boot any more.
  func callOff() throws
  func reboot() throws

  func memory() -> AutoMemory
  /// Durably.
  func save(_ memory: AutoMemory) throws
  func record(_ event: RecordEvent)
}
