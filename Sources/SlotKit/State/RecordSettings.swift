/// The `[record]` table of the configuration: how much of an audit log is kept.
public struct RecordSettings: Equatable, Sendable {
  static let bytesRange = 64 << 10...1 << 30
  static let filesRange = 2...16

  /// Of one file; what passes it is the start of the next one.
  public var logBytes = 1 << 20
  public var logFiles = 2

  public init() {}

  /// Whether `value` is a key of this table, and then its value is taken.
  mutating func set(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch value.key {
    case "record.log-bytes": logBytes = try reader.integer(value, in: RecordSettings.bytesRange)
    case "record.log-files": logFiles = try reader.integer(value, in: RecordSettings.filesRange)
    default: return false
    }
    return true
  }
}
