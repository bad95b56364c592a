public import SlotCore

/// The `[health]` and `[watchdog]` tables of the configuration.
public struct HealthSettings: Equatable, Sendable {
  /// Empty for none: then the checks in `health.d` alone decide.
  public var url = "http://127.0.0.1/health/ready"
  public var intervalSeconds = 5
  /// From the start of the kernel.
  public var timeoutSeconds = 120
  public var requestTimeoutSeconds = 5
  /// Good rounds in a row.
  public var successes = 1
  /// For each script.
  public var checkTimeoutSeconds = 30

  public var watchdogDevice = "/dev/watchdog0"
  public var watchdogTimeoutSeconds = 30

  public init() {}

  public var policy: HealthPolicy {
    HealthPolicy(
      interval: Int64(intervalSeconds) * 1000, deadline: Int64(timeoutSeconds) * 1000,
      successes: successes)
  }

  /// Whether `value` is a key of these tables, and then its value is taken.
  mutating func set(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch value.key {
    case "health.url": url = try reader.httpAddress(value)
    case "health.interval-seconds": intervalSeconds = try reader.integer(value, in: 1...3600)
    case "health.timeout-seconds": timeoutSeconds = try reader.integer(value, in: 10...86400)
    case "health.request-timeout-seconds":
      requestTimeoutSeconds = try reader.integer(value, in: 1...3600)
    case "health.successes": successes = try reader.integer(value, in: 1...100)
    case "health.check-timeout-seconds":
      checkTimeoutSeconds = try reader.integer(value, in: 1...3600)
    case "watchdog.device": watchdogDevice = try reader.path(value)
    case "watchdog.timeout-seconds":
      watchdogTimeoutSeconds = try reader.integer(value, in: 2...3600)
    default: return false
    }
    return true
  }
}
