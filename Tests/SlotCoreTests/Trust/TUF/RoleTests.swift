import SlotCore
import SlotCoreTesting
import Testing

@Suite struct RoleTests {
  private func json(_ text: String) throws -> JSONValue {
    try JSONParser.parse(Array(text.utf8), limits: JSONLimits(byteCount: 1 << 20))
  }

  private func reread<Role: TUF.RoleMetadata>(_ role: Role) throws -> Role {
    let envelope = TUF.Envelope(role)
    let read = try TUF.Envelope(decoding: envelope.encoded, of: Role.type, limit: 1 << 20)
    #expect(read == envelope)
    return try Role(read.signed, role: Role.type)
  }

  private let header = TUF.Header(version: 3, expires: SampleFeed.later)

  @Test func rolesAreReadAsTheyWereWritten() throws {
    var feed = SampleFeed()
    feed.add("a/b", [1, 2, 3])
    feed.delegate(to: "role", paths: ["a/*"])
    #expect(try reread(feed.root) == feed.root)
    #expect(try reread(feed.targets) == feed.targets)
    #expect(try reread(feed.listedSnapshot) == feed.listedSnapshot)
    #expect(try reread(feed.listedTimestamp) == feed.listedTimestamp)
  }

  @Test func binsAreReadAsTheyWereWritten() throws {
    let keys = TUF.RoleKeys(keyIDs: [SampleFeed.keys[0].tufKey.id], threshold: 1)
    let delegations = TUF.Delegations(
      keys: [SampleFeed.keys[0].tufKey],
      roles: .bins(TUF.HashBins(keys: keys, bitLength: 5, namePrefix: "bin")))
    let role = TUF.TargetsRole(header, targets: [:], delegations: delegations)
    #expect(try reread(role) == role)
  }

  /// At every place where there may be some (section 4 of the specification).
  @Test func unknownMembersAreKept() throws {
    let text = """
      {"_type":"targets","spec_version":"1.0.99","version":1,"expires":"2030-01-01T00:00:00Z","x":[1],
      "targets":{"f":{"length":1,"hashes":{"md5":"00"},"custom":{"a":1},"y":2}},
      "delegations":{"keys":{"k":{"keytype":"rsa","scheme":"s","keyval":{"public":"p","z":1},"x":4}},
      "roles":[{"name":"r","keyids":["k"],"threshold":1,"terminating":true,"paths":[],"x":3}],"x":5}}
      """
    let read = try TUF.TargetsRole(try json(text), role: "targets")
    #expect(read.json.canonical == (try json(text)).canonical)
    #expect(read.targets["f"]?.custom == .object(["a": .integer(1)]))
    let root = SampleFeed().root.json.merging(["more": .string("x")])
    #expect(try TUF.RootRole(root, role: "root").json.canonical == root.canonical)
  }

  @Test func unknownMembersOfEnvelopesAreKept() throws {
    let text = #"{"signed":{"a":1},"signatures":[{"keyid":"k","sig":"","x":1}],"y":2}"#
    let envelope = try TUF.Envelope(decoding: Array(text.utf8), of: "root", limit: 999)
    let again = try JSONParser.parse(envelope.encoded, limits: JSONLimits(byteCount: 999))
    #expect(again.canonical == (try json(text)).canonical)
  }

  /// As securesystemslib computes it.
  @Test func keysHaveTheIDsOfTheSpecification() throws {
    let hex = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
    let bytes = try #require(Hex.decode(hex))
    #expect(
      TUF.Key(ed25519: bytes).id
        == "7ab6b86cb2c9684b0ddc10896153aa2595decf4d4327a5ff1a8ab7422c828b12")
  }

  @Test func hashesAreThoseOfTheirNames() {
    #expect(
      TUF.Hash(.sha256, of: [0x61, 0x62, 0x63]).hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      TUF.Hash(.sha512, of: [0x61, 0x62, 0x63]).hex.hasPrefix("ddaf35a193617abacc417349ae2041"))
    #expect(
      TUF.Hash(.blake2b256, of: [0x61]).hex == Digest(of: [0x61]).hex)
  }

  // MARK: - What is refused

  private func refusal<Role: TUF.RoleMetadata>(
    _ role: Role, _ change: (JSONValue) throws -> JSONValue
  ) rethrows -> FeedCode? {
    let changed = try change(role.json)
    return code { _ = try Role(changed, role: Role.type) }
  }

  @Test(arguments: [
    ("_type", #""targets""#), ("version", "0"), ("version", "-1"), ("version", "1.0"),
    ("version", "9007199254740992"), ("version", #""1""#), ("version", "null"),
    ("version", "99999999999999999999"), ("expires", #""2030-01-01""#), ("expires", "1"),
    ("expires", #""2030-02-30T00:00:00Z""#), ("keys", "[]"), ("keys", #"{"k":{}}"#),
    ("keys", #"{"k":{"keytype":1,"scheme":"s","keyval":{}}}"#), ("roles", "{}"),
    ("consistent_snapshot", "1"), ("spec_version", "1"),
  ])
  func aMalformedRootIsRefused(name: String, value: String) throws {
    #expect(try refusal(SampleFeed().root) { $0.merging([name: try json(value)]) } == .malformed)
  }

  @Test(arguments: [
    "2.0.0", "0.9", "1.x", "1", "1.0.0.0", "1..0", " 1.0", "10.0", "1.0.34 ", "\u{1B}[31m", "",
  ])
  func anotherSpecificationIsRefused(version: String) {
    #expect(
      refusal(SampleFeed().root) { $0.merging(["spec_version": .string(version)]) }
        == .unsupportedSpecification)
  }

  @Test(arguments: [
    #"{"keyids":["a","a"],"threshold":1}"#, #"{"keyids":["a"],"threshold":0}"#,
    #"{"keyids":["a"]}"#, #"{"keyids":"a","threshold":1}"#, #"{"keyids":[1],"threshold":1}"#,
    #"{"keyids":["a"],"threshold":-1}"#, "[]",
  ])
  func malformedKeysOfARoleAreRefused(text: String) throws {
    let refused = try refusal(SampleFeed().root) { root in
      root.merging(["roles": try #require(root["roles"]).merging(["root": try json(text)])])
    }
    #expect(refused == .malformed)
  }

  @Test(arguments: [
    "{}", #"{"snapshot.json":{}}"#, #"{"snapshot.json":{"version":0}}"#,
    #"{"snapshot.json":{"version":1,"length":-1}}"#,
    #"{"snapshot.json":{"version":1,"hashes":{}}}"#,
    #"{"snapshot.json":{"version":1,"hashes":{"sha256":1}}}"#,
    #"{"snapshot.json":{"version":1},"other.json":{"version":1}}"#,
    #"{"other.json":{"version":1}}"#,
  ])
  func malformedMetaOfATimestampIsRefused(text: String) throws {
    let role = SampleFeed().listedTimestamp
    #expect(try refusal(role) { $0.merging(["meta": try json(text)]) } == .malformed)
  }

  @Test(arguments: [
    #"{"f":{"length":1}}"#, #"{"f":{"hashes":{"sha256":"00"}}}"#,
    #"{"f":{"length":1,"hashes":{}}}"#,
    #"{"f":{"length":-1,"hashes":{"sha256":"00"}}}"#, #"{"f":1}"#, "[]",
  ])
  func malformedTargetsAreRefused(text: String) throws {
    let role = SampleFeed().targets
    #expect(try refusal(role) { $0.merging(["targets": try json(text)]) } == .malformed)
  }

  @Test(arguments: [
    #""keys":{}"#, #""keys":{},"roles":[],"succinct_roles":{}"#, #""roles":[]"#,
    #""keys":{},"roles":[{"name":"root","keyids":[],"threshold":1,"paths":[]}]"#,
    #""keys":{},"roles":[{"name":"","keyids":[],"threshold":1,"paths":[]}]"#,
    #""keys":{},"roles":[{"name":"r","keyids":[],"threshold":1}]"#,
    #""keys":{},"roles":[{"name":"r","keyids":[],"threshold":1,"paths":[],"path_hash_prefixes":[]}]"#,
    #""keys":{},"roles":[{"name":"r","keyids":[],"threshold":1,"paths":[1]}]"#,
    #""keys":{},"roles":[{"name":"r","keyids":[],"threshold":1,"paths":[]},{"name":"r","keyids":[],"threshold":1,"paths":[]}]"#,
    #""keys":{},"succinct_roles":{"keyids":[],"threshold":1,"bit_length":0,"name_prefix":"b"}"#,
    #""keys":{},"succinct_roles":{"keyids":[],"threshold":1,"bit_length":33,"name_prefix":"b"}"#,
    #""keys":{},"succinct_roles":{"keyids":[],"threshold":1,"bit_length":1}"#,
  ])
  func malformedDelegationsAreRefused(members: String) throws {
    let role = SampleFeed().targets
    #expect(
      try refusal(role) { $0.merging(["delegations": try json("{\(members)}")]) } == .malformed)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"signed":{}}"#, #"{"signed":[],"signatures":[]}"#,
    #"{"signed":{},"signatures":{}}"#, #"{"signed":{},"signatures":[{"keyid":"a"}]}"#,
    #"{"signed":{},"signatures":[{"keyid":"a","sig":""},{"keyid":"a","sig":""}]}"#,
    #"{"signed":{},"signed":{},"signatures":[]}"#,
    #"{"signed":{"a":1,"\u0061":2},"signatures":[]}"#,
    "{\"signed\":{\"a\":\"\u{1}\"},\"signatures\":[]}", #"{"signed":{},"signatures":[]}x"#,
    #"{"signed":{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]},"signatures":[]}"#,
  ])
  func malformedEnvelopesAreRefused(text: String) {
    #expect(
      code { _ = try TUF.Envelope(decoding: Array(text.utf8), of: "root", limit: 4096) }
        == FeedCode.malformed)
  }

  @Test func whatIsNoUTF8OrTooLongIsRefused() {
    let bytes = Array(#"{"signed":{"a":"?"},"signatures":[]}"#.utf8)
    #expect(throws: Never.self) {
      _ = try TUF.Envelope(decoding: bytes, of: "root", limit: bytes.count)
    }
    let latin = bytes.map { $0 == UInt8(ascii: "?") ? 0xE9 : $0 }
    #expect(
      code { _ = try TUF.Envelope(decoding: latin, of: "root", limit: 99) } == FeedCode.malformed)
    #expect(
      code { _ = try TUF.Envelope(decoding: bytes, of: "root", limit: bytes.count - 1) }
        == FeedCode.malformed)
  }
}
