import SlotCore
import Testing

@Suite struct LedgerCodecTests {
  private let limits = JSONLimits(byteCount: 1 << 20)

  private var sample: Ledger {
    var ledger = Ledger()
    ledger.provision(.a, .sample("1.0.0", sequence: 10, floor: 3), .sample(1000))
    ledger.stage(.b, .sample("1.0.1", sequence: 11), .sample(2000))
    ledger.fail(.b, reason: "no \"answer\"\n", .sample(3000, boot: "boot-2"))
    return ledger
  }

  private func json(_ ledger: Ledger) throws -> JSONValue {
    try JSONParser.parse(ledger.encoded(), limits: limits)
  }

  private func decode(_ json: JSONValue) throws -> Ledger {
    try Ledger(decoding: Array(json.pretty.utf8))
  }

  /// The sample with one member of slot B's record replaced.
  private func changing(_ name: String, _ value: JSONValue?) throws -> SlotRecord? {
    let document = try json(sample)
    let slots = try #require(document["slots"])
    let record = try #require(slots["B"]).merging([name: value])
    return try decode(document.merging(["slots": slots.merging(["B": record])]))[.b]
  }

  @Test func roundTrip() throws {
    let read = try Ledger(decoding: sample.encoded())
    #expect(read[.a]?.image == sample[.a]?.image && read[.b]?.image == sample[.b]?.image)
    #expect(read[.a]?.state == .confirmed && read[.a]?.everConfirmed == true)
    #expect(read[.b]?.state == .failed && read[.b]?.failure == "no \"answer\"\n")
    #expect(read[.b]?.stagedBoot == sample[.b]?.stagedBoot && read[.b]?.since == sample[.b]?.since)
    #expect(read.floor == 3 && read.knownBad == sample.knownBad && read.history == sample.history)
    #expect(try json(read).merging(["generation": .integer(1)]) == json(sample))
  }

  @Test func theGenerationRises() throws {
    var ledger = Ledger()
    for generation in Int64(1)...5 {
      ledger = try Ledger(decoding: ledger.encoded())
      #expect(ledger.generation == generation)
    }
  }

  @Test func unknownMembersAreKept() throws {
    let document = try json(sample)
    let slots = try #require(document["slots"])
    let record = try #require(slots["A"]).merging(["wear": .number("0.5")])
    let other = document.merging([
      "format": .integer(2), "region": .strings(["north"]),
      "slots": slots.merging(["A": record, "C": .object(["x": .integer(1)])]),
    ])
    var ledger = try decode(other)
    ledger.confirm(.b, by: nil, .sample(4000))
    let written = try json(ledger)
    #expect(written["format"] == .integer(2) && written["region"] == .strings(["north"]))
    #expect(written["slots"]?["A"]?["wear"] == .number("0.5"))
    #expect(written["slots"]?["C"]?["x"] == .integer(1))
    #expect(written["slots"]?["B"]?["state"] == .string("confirmed"))
    #expect(written["slots"]?["B"]?["failure"] == nil)
  }

  /// A slot that runs what it held before an install that never got as far.
  @Test func whatIsForgottenStaysForgotten() throws {
    var ledger = try decode(try json(sample))
    ledger.beginInstall(.b, .sample("2"), .sample())
    ledger = try Ledger(decoding: ledger.encoded())
    ledger.confirm(.b, by: nil, .sample())
    #expect(try json(ledger)["slots"]?["B"] == nil)
    #expect(try Ledger(decoding: ledger.encoded())[.b] == nil)
  }

  @Test func aRecordOfAStateNotKnownIsKeptUntilTheSlotIsWritten() throws {
    let document = try json(sample)
    let slots = try #require(document["slots"])
    let record = try #require(slots["B"]).merging(["state": .string("quarantined")])
    var ledger = try decode(document.merging(["slots": slots.merging(["B": record])]))
    #expect(ledger[.b] == nil)
    #expect(try json(ledger)["slots"]?["B"] == record)
    ledger.beginInstall(.b, .sample("2"), .sample())
    #expect(try json(ledger)["slots"]?["B"]?["state"] == .string("writing"))
  }

  @Test(arguments: [
    "", "{}", "[]", "null", "{\"type\":\"krux-ledger\"}",
    #"{"type":"krux-bundle","generation":1,"slots":{}}"#,
    #"{"type":"krux-ledger","generation":-1,"slots":{}}"#,
    #"{"type":"krux-ledger","generation":9223372036854775807,"slots":{}}"#,
    #"{"type":"krux-ledger","generation":1.0,"slots":{}}"#,
    #"{"type":"krux-ledger","generation":1,"slots":[]}"#, #"{"type":"krux-ledger","generation":1}"#,
    #"{"type":"krux-ledger","generation":1,"slots":{}}x"#,
    #"{"type":"krux-ledger","generation":1,"generation":2,"slots":{}}"#,
  ])
  func damaged(_ text: String) {
    #expect(code { _ = try Ledger(decoding: Array(text.utf8)) } == LedgerCode.damaged)
  }

  @Test func moreThanAMegabyteIsDamaged() {
    let bytes = sample.encoded() + [UInt8](repeating: 0x20, count: 1 << 20)
    #expect(code { _ = try Ledger(decoding: bytes) } == LedgerCode.damaged)
  }

  @Test func theLeastLedger() throws {
    let text = #"{"type":"krux-ledger","generation":7,"slots":{}}"#
    let ledger = try Ledger(decoding: Array(text.utf8))
    #expect(ledger.generation == 7 && ledger.slots.isEmpty && ledger.floor == 0)
  }

  @Test(
    arguments: [
      ("version", nil), ("version", .integer(1)), ("sequence", nil), ("sequence", .integer(0)),
      ("sequence", .integer(1 << 53)), ("imageDigest", .string("x")), ("imageLength", .integer(0)),
      ("imageLength", .integer(-1)), ("imageLength", .integer(.max)), ("frameSize", .integer(1)),
      ("frameSize", .integer(.max)), ("frameSize", .integer(.min)), ("state", .string("sleeping")),
      ("state", nil), ("since", .string("now")), ("since", nil),
    ] as [(String, JSONValue?)])
  func aRecordThatMakesNoSenseIsNone(_ name: String, _ value: JSONValue?) throws {
    #expect(try changing(name, value) == nil)
  }

  @Test(arguments: ["manifestDigest", "floor", "stagedBoot", "everConfirmed", "failure"])
  func membersThatMayBeMissing(_ name: String) throws {
    for value: JSONValue? in [nil, .null, .array([])] {
      #expect(try changing(name, value)?.image.version == "1.0.1")
    }
  }

  @Test func absurdFloorsAndLists() throws {
    let document = try json(sample)
    #expect(try decode(document.merging(["floor": .integer(-5)])).floor == 0)
    #expect(try decode(document.merging(["floor": .string("x")])).floor == 0)
    let bad = try #require(document["knownBad"]?.arrayValue?.first)
    let many = Array(repeating: bad, count: 100) + [.null, bad.merging(["at": nil])]
    let read = try decode(document.merging(["knownBad": .array(many)]))
    #expect(read.knownBad.count == 30 && read.knownBad.first == sample.knownBad.first)
    #expect(try decode(document.merging(["knownBad": .integer(1)])).knownBad.isEmpty)
  }

  @Test func damageNeverTraps() throws {
    for bytes in damagedCopies(Array(try json(sample).compact.utf8)) {
      guard var ledger = try? Ledger(decoding: bytes) else { continue }
      ledger.stage(.b, .sample("2"), .sample())
      #expect((try? Ledger(decoding: ledger.encoded()))?[.b]?.image.version == "2")
    }
  }
}
