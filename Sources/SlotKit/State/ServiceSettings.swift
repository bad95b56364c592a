internal import SlotCore

/// How the health of a service is asked for after its tree was swapped.
public struct ServiceHealth: Equatable, Sendable {
  /// Empty for none: then it is healthy when its units are active.
  public var url = ""
  /// From the restart on.
  public var timeoutSeconds = 30
  public var intervalSeconds = 1
  /// Good rounds in a row: one alone may be the moment before a crash.
  public var successes = 3

  public init() {}
}

/// The `[services]` table of the configuration, and the tables in it, one for each service.
public struct ServiceSettings: Equatable, Sendable {
  /// Where the trees are; nil: the layout's own.
  public var directory: String?
  /// How long a tree is kept after its service has left it for another.
  public var keepDays = 7
  /// For each unit: systemd's own default for a stop, and some.
  public var restartTimeoutSeconds = 100
  private var health: [String: ServiceHealth] = [:]

  public init() {}

  public subscript(service: String) -> ServiceHealth {
    get { health[service] ?? ServiceHealth() }
    set { health[service] = newValue }
  }

  /// Whether `value` is a key of these tables, and then its value is taken.
  mutating func set(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch value.key {
    case "services.directory": directory = try reader.path(value)
    case "services.keep-days": keepDays = try reader.integer(value, in: 0...3650)
    case "services.restart-timeout-seconds":
      restartTimeoutSeconds = try reader.integer(value, in: 1...3600)
    default:
      let parts = value.key.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "services", ServiceName.isValid(String(parts[1])) else {
        return false
      }
      let service = String(parts[1])
      return try self[service].set(value, "services.NAME.\(parts[2])", reader)
    }
    return true
  }
}

extension ServiceHealth {
  fileprivate mutating func set(
    _ value: TomlValue, _ key: String, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch key {
    case "services.NAME.health-url": url = try reader.httpAddress(value)
    case "services.NAME.timeout-seconds":
      timeoutSeconds = try reader.integer(value, in: 1...3600)
    case "services.NAME.interval-seconds":
      intervalSeconds = try reader.integer(value, in: 1...3600)
    case "services.NAME.successes": successes = try reader.integer(value, in: 1...100)
    default: return false
    }
    return true
  }
}
