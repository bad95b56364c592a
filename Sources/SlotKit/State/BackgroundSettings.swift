/// The `[background]` table of the configuration: how `--background` keeps out of the way.
public struct BackgroundSettings: Equatable, Sendable {
  /// Of the disk, where its scheduler knows such (`ioprio_set(2)`).
  public enum DiskPriority: String, CaseIterable, Sendable {
    case normal
    /// Best-effort 7.
    case lowest
    /// When nobody else wants the disk; the kernel's schedulers let nobody starve.
    case idle
  }

  /// Of the processor: `nice(2)`.
  public var nice = 19
  public var diskPriority = DiskPriority.idle
  /// The share of time that others may be kept waiting; 100 for any.
  public var pressureLimitPercent = 20

  public init() {}

  /// Whether `value` is a key of this table, and then its value is taken.
  mutating func set(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch value.key {
    case "background.nice": nice = try reader.integer(value, in: 0...19)
    case "background.disk-priority":
      guard let priority = DiskPriority(rawValue: try reader.string(value)) else {
        throw reader.failure(.wrongValue, value, "has to be \"normal\", \"lowest\" or \"idle\"")
      }
      diskPriority = priority
    case "background.pressure-limit-percent":
      pressureLimitPercent = try reader.integer(value, in: 1...100)
    default: return false
    }
    return true
  }
}
