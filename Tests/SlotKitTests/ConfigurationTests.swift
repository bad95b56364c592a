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

  @Test func everyKeyIsRead() throws {
    let configuration = try ConfigurationTests.parse(
      """
      product = "kruxos"
      hardware = ["box-1", "box-2"]
      state-directory = "/data/krux"
      keys-directory = "/keys"
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
      [reboot]
      command = ["reboot", "-f"]
      """)
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
    expected.certificateAuthorities = "/ca.pem"
    expected.rebootCommand = ["reboot", "-f"]
    #expect(configuration == expected)
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
    ("[fetch]\nretries = 99999999999999999999", .syntax, "update.toml:2:"),
    ("product = ", .syntax, "update.toml:1:"),
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
