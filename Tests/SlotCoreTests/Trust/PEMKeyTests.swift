import SlotCore
import Testing

@Suite struct PEMKeyTests {
  // Made by openssl 3.0: `openssl genpkey -algorithm ed25519`, `openssl pkey -pubout`.
  private static let secret = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEII0sMxsghYc7pTHEMEie3yTMOkDVxe7gYBVqX8Whjo3+
    -----END PRIVATE KEY-----

    """
  private static let `public` = """
    -----BEGIN PUBLIC KEY-----
    MCowBQYDK2VwAyEAHJrcTkyWz7YKgQtOz08ErGV8PRDEYMEIGucIRRH+zMg=
    -----END PUBLIC KEY-----

    """

  @Test func readsAndWritesWhatOpensslWrote() throws {
    let key = try PEMKey.secretKey(PEMKeyTests.secret)
    #expect(key.publicKey == (try PEMKey.publicKey(PEMKeyTests.public)))
    #expect(PEMKey.encode(key) == PEMKeyTests.secret)
    #expect(PEMKey.encode(key.publicKey) == PEMKeyTests.public)
    #expect(PEMKey.isPEM(PEMKeyTests.secret))
    #expect(!PEMKey.isPEM(MinisignSamples.publicKey))
  }

  @Test func aKeyOfMinisignsFormatInPEM() throws {
    let key = SecretKey.generate()
    let read = try PEMKey.secretKey(PEMKey.encode(key))
    #expect(read.publicKey.key == key.publicKey.key)
    #expect(read.detached([1, 2]) == key.detached([1, 2]))
  }

  @Test(arguments: [
    ("PRIVATE", "PUBLIC"), ("-----END", "----END"), ("X8Whjo3+", "X8Wh"),
    ("X8Whjo3+", "X8Whjo3+AAAA"), ("MC4CAQAw", "MC4CAQEw"), ("QYDK2Vw", "QYDK2Vx"),
    ("MC4CAQ", ""), ("BEGIN PRIVATE", "BEGIN PUBLIC"), ("PRIVATE", "ENCRYPTED PRIVATE"),
  ])
  func refuses(old: String, new: String) {
    let text = PEMKeyTests.secret.replacing(old, with: new)
    #expect(text != PEMKeyTests.secret)
    #expect(code { _ = try PEMKey.secretKey(text) } == TrustCode.malformedKey)
  }

  @Test(arguments: [
    ("PUBLIC KEY", "PRIVATE KEY"), ("MCowBQYD", "MCowBQYE"), ("MCow", ""), ("=\n-", "\n-"),
  ])
  func refusesPublic(old: String, new: String) {
    let text = PEMKeyTests.public.replacing(old, with: new)
    #expect(text != PEMKeyTests.public)
    #expect(code { _ = try PEMKey.publicKey(text) } == TrustCode.malformedKey)
  }

  @Test func theTwoHalvesAreToldApart() {
    #expect(code { _ = try PEMKey.publicKey(PEMKeyTests.secret) } == TrustCode.malformedKey)
    #expect(code { _ = try PEMKey.secretKey(PEMKeyTests.public) } == TrustCode.malformedKey)
  }
}
