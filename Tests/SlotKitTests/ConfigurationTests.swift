import SlotCore
import SlotKit
import SystemPackage
import Testing

@Suite struct ConfigurationTests {
  private static func parse(_ text: String) throws(ConfigurationFailure) -> Configuration {
    try Configuration(toml: Array(text.utf8), path: "update.toml")
  }

  @Test func everythingIsOptional() throws {
    #expect(try ConfigurationTests.parse("") == Configuration())
    #expect(try Configuration.load("/nonexistent/update.toml") == Configuration())
  }

  private static let expected: Configuration = {
    var expected = Configuration()
    expected.product = "kruxos"
    expected.hardware = ["box-1", "box-2"]
    expected.stateDirectory = "/data/krux"
    expected.keysDirectory = "/keys"
    expected.slotLabels = [.a: "sys-a", .b: "sys-b"]
    expected.bootEnvironment = "/esp/grubenv"
    expected.tries = 2
    expected.connectTimeoutSeconds = 5
    expected.stallTimeoutSeconds = 6
    expected.retries = 7
    expected.retryDelaySeconds = 8
    expected.clientCertificate = "/device.pem"
    expected.clientKey = "/device.key"
    expected.proxy = "http://proxy:3128"
    expected.noProxy = ["localhost", ".internal"]
    expected.limitRate = 500 << 10
    expected.certificateAuthorities = "/ca.pem"
    expected.rebootCommand = ["reboot", "-f"]
    expected.dataMount = "/data"
    expected.background.nice = 5
    expected.background.diskPriority = .lowest
    expected.background.pressureLimitPercent = 40
    expected.health.url = "https://box/ready"
    expected.health.intervalSeconds = 9
    expected.health.timeoutSeconds = 10
    expected.health.requestTimeoutSeconds = 11
    expected.health.successes = 12
    expected.health.checkTimeoutSeconds = 13
    expected.health.watchdogDevice = "/dev/watchdog1"
    expected.health.watchdogTimeoutSeconds = 14
    return expected
  }()

  @Test func everyKeyIsRead() throws {
    let configuration = try ConfigurationTests.parse(
      """
      product = "kruxos"
      hardware = ["box-1", "box-2"]
      state-directory = "/data/krux"
      keys-directory = "/keys"
      data-mount = "/data"
      [slots]
      a-label = "sys-a"
      b-label = "sys-b"
      [boot]
      grub-environment = "/esp/grubenv"
      tries = 2
      [fetch]
      connect-timeout-seconds = 5
      stall-timeout-seconds = 6
      retries = 7
      retry-delay-seconds = 8
      certificate-authorities = "/ca.pem"
      client-certificate = "/device.pem"
      client-key = "/device.key"
      proxy = "http://proxy:3128"
      no-proxy = ["localhost", ".internal"]
      limit-rate = "500K"
      [reboot]
      command = ["reboot", "-f"]
      [background]
      nice = 5
      disk-priority = "lowest"
      pressure-limit-percent = 40
      [health]
      url = "https://box/ready"
      interval-seconds = 9
      timeout-seconds = 10
      request-timeout-seconds = 11
      successes = 12
      check-timeout-seconds = 13
      [watchdog]
      device = "/dev/watchdog1"
      timeout-seconds = 14
      """)
    let expected = ConfigurationTests.expected
    #expect(configuration == expected)
    #expect(expected.health.policy == HealthPolicy(interval: 9000, deadline: 10_000, successes: 12))
  }

  /// A watch over a boot takes what it can of a file with mistakes, which an install refuses.
  @Test func aLenientReaderKeepsWhatIsRight() throws {
    let folder = try TemporaryFolder()
    let path = folder.path.appending("update.toml")
    #expect(Configuration.lenient(path).warnings == [])
    try folder.write(
      "tries = 3\n[health]\ntimeout-seconds = 90\nurl = 7\n", to: "update.toml")
    let (configuration, warnings) = Configuration.lenient(path)
    var expected = Configuration()
    expected.health.timeoutSeconds = 90
    #expect(configuration == expected)
    #expect(
      Set(warnings) == [
        "\(path):1: 'tries' is not a key of this file",
        "\(path):4: 'health.url' has to be a string",
      ])
    try folder.write("[health\n", to: "update.toml")
    #expect(Configuration.lenient(path).configuration == Configuration())
    #expect(Configuration.lenient(path).warnings.count == 1)
  }

  @Test(arguments: [
    ("product = 1", ConfigurationCode.wrongType, "update.toml:1: 'product' has to be a string"),
    (
      "\n[fetch]\nretrys = 1", .unknownKey,
      "update.toml:3: 'fetch.retrys' is not a key of this file"
    ),
    ("[boot]\ntries = 10", .wrongValue, "update.toml:2: 'boot.tries' has to be from 1 to 9"),
    ("[boot]\ntries = 1.0", .wrongType, "update.toml:2: 'boot.tries' has to be an integer"),
    (
      "product = \"a b\"", .wrongValue,
      "update.toml:1: 'product' has to be 1 to 64 of A-Z a-z 0-9 . _ + ~ : , -"
    ),
    (
      "state-directory = \"data\"", .wrongValue,
      "update.toml:1: 'state-directory' has to be an absolute path"
    ),
    (
      "hardware = []", .wrongType,
      "update.toml:1: 'hardware' has to be a list of strings, with at least one"
    ),
    (
      "hardware = [\"a\", 1]", .wrongType,
      "update.toml:1: 'hardware' has to be a list of strings, with at least one"
    ),
    (
      "[health]\nurl = \"ftp://box/\"", .wrongValue,
      "update.toml:2: 'health.url' has to begin with http:// or https://, or be empty"
    ),
    (
      "[background]\ndisk-priority = \"low\"", .wrongValue,
      "update.toml:2: 'background.disk-priority' has to be \"normal\", \"lowest\" or \"idle\""
    ),
    (
      "[background]\npressure-limit-percent = 0", .wrongValue,
      "update.toml:2: 'background.pressure-limit-percent' has to be from 1 to 100"
    ),
    (
      "[background]\nnice = -1", .wrongValue,
      "update.toml:2: 'background.nice' has to be from 0 to 19"
    ),
    ("[fetch]\nretries = 99999999999999999999", .syntax, "update.toml:2:"),
    ("product = ", .syntax, "update.toml:1:"),
    // toml++ asserts these.
    ("[=]", .syntax, "update.toml:"), ("[!", .syntax, "update.toml:"),
    (String(repeating: "a.", count: 200_000) + "a = 1", .syntax, "update.toml:1:"),
    ("product = \"a\"\nproduct = \"b\"", .syntax, "update.toml:2:"),
  ])
  func badInputNamesFileLineAndKey(
    text: String, code: ConfigurationCode, message: String
  ) throws {
    let failure = #expect(throws: ConfigurationFailure.self) {
      try ConfigurationTests.parse(text)
    }
    #expect(failure?.code == code)
    #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    #expect(failure?.hint != nil)
  }
}
