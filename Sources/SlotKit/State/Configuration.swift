internal import CToml
public import SlotCore
public import SystemPackage

public enum ConfigurationCode: String, FailureCode {
  public static var domain: FailureDomain { .configuration }
  case unreadable
  case syntax
  case unknownKey = "unknown_key"
  case wrongType = "wrong_type"
  case wrongValue = "wrong_value"
}

public typealias ConfigurationFailure = Failure<ConfigurationCode>

/// `/etc/krux/update.toml`. Every key is optional; docs/operators.md documents each.
public struct Configuration: Equatable, Sendable {
  /// Who this device is, where the image's os-release does not say it, or says it wrongly.
  public var product: String?
  public var hardware: [String] = []
  /// Nil: the layout's own.
  public var stateDirectory: String?
  public var keysDirectory: String?
  /// The mount point of the data partition; nil for what fstab says of the state directory.
  public var dataMount: String?

  public var slotLabels: [SlotName: String] = [.a: "root-a", .b: "root-b"]
  public var bootEnvironment: String?
  /// Where the boot environment itself has no `TRIES`.
  public var tries = BootControl.defaultTries

  public var connectTimeoutSeconds = 30
  public var stallTimeoutSeconds = 30
  /// Further requests after a break, counted anew whenever one brings a byte.
  public var retries = 5
  public var retryDelaySeconds = 1
  public var certificateAuthorities: String?
  /// Not of the file: see `FeedClock.isBehind`.
  var checksCertificates = true
  /// PEM files that this device shows to servers; without a key it is in the file of the certificate.
  public var clientCertificate: String?
  public var clientKey: String?
  /// Nil: what the environment says. Empty: none.
  public var proxy: String?
  public var noProxy: [String]?
  /// Bytes in a second; 0 for no limit.
  public var limitRate = 0

  /// Where the feed is that this device follows; nil: what the image says.
  public var feedAddress: String?

  public var rebootCommand = ["systemctl", "reboot"]

  public var auto = AutoSettings()
  public var background = BackgroundSettings()
  public var health = HealthSettings()
  public var services = ServiceSettings()
  public var record = RecordSettings()

  public init() {}

  /// The configuration in `path`; the defaults when there is no such file.
  ///
  /// - Throws: every failure names the file, the key and, where the parser knows it, the line.
  public static func load(_ path: FilePath) throws(ConfigurationFailure) -> Configuration {
    let bytes: [UInt8]?
    do { bytes = try Files.read(path, limit: 1 << 20) } catch {
      throw ConfigurationFailure(
        .unreadable, "cannot read \(path): \(error)", hint: "check the file and its permissions",
        systemError: (error as? Errno)?.rawValue)
    }
    guard let bytes else { return Configuration() }
    return try Configuration(toml: bytes, path: path)
  }

  public init(toml bytes: [UInt8], path: FilePath) throws(ConfigurationFailure) {
    self.init()
    var reader = TomlReader(path: path.string)
    for value in try reader.parse(bytes) { try set(value, reader) }
  }

  /// What can be used of the file, and a warning for everything that cannot: for `krux-health`, which a mistake
  /// in a file must not keep from watching a boot.
  public static func lenient(
    _ path: FilePath
  ) -> (configuration: Configuration, warnings: [String]) {
    var configuration = Configuration()
    do {
      let bytes = try? Files.read(path, limit: 1 << 20)
      var reader = TomlReader(path: path.string)
      var warnings: [String] = []
      for value in try reader.parse(bytes ?? []) {
        do { try configuration.set(value, reader) } catch { warnings.append(error.message) }
      }
      return (configuration, warnings)
    } catch { return (configuration, [error.message]) }
  }

  private mutating func set(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) {
    switch value.key {
    case "product": product = try reader.name(value)
    case "hardware": hardware = try reader.names(value)
    case "state-directory": stateDirectory = try reader.path(value)
    case "keys-directory": keysDirectory = try reader.path(value)
    case "data-mount": dataMount = try reader.path(value)
    case "slots.a-label": slotLabels[.a] = try reader.string(value)
    case "slots.b-label": slotLabels[.b] = try reader.string(value)
    case "boot.grub-environment": bootEnvironment = try reader.path(value)
    case "boot.tries": tries = try reader.integer(value, in: BootControl.triesRange)
    case "feed.address": feedAddress = try reader.string(value)
    case "reboot.command": rebootCommand = try reader.strings(value)
    default:
      if try setFetch(value, reader) { return }
      if try background.set(value, reader) { return }
      if try auto.set(value, reader) { return }
      if try services.set(value, reader) { return }
      if try record.set(value, reader) { return }
      guard try health.set(value, reader) else {
        throw reader.failure(.unknownKey, value, "is not a key of this file")
      }
    }
  }

  /// False for a key of another section.
  private mutating func setFetch(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch value.key {
    case "fetch.connect-timeout-seconds":
      connectTimeoutSeconds = try reader.integer(value, in: 1...3600)
    case "fetch.stall-timeout-seconds":
      stallTimeoutSeconds = try reader.integer(value, in: 1...3600)
    case "fetch.retries": retries = try reader.integer(value, in: 0...1000)
    case "fetch.retry-delay-seconds": retryDelaySeconds = try reader.integer(value, in: 0...3600)
    case "fetch.certificate-authorities": certificateAuthorities = try reader.path(value)
    case "fetch.client-certificate": clientCertificate = try reader.path(value)
    case "fetch.client-key": clientKey = try reader.path(value)
    case "fetch.proxy": proxy = try reader.proxy(value)
    case "fetch.no-proxy": noProxy = try reader.strings(value)
    case "fetch.limit-rate": limitRate = try reader.rate(value)
    default: return false
    }
    return true
  }
}
