import SlotCore
import Testing

/// The sample's manifest as JSON, changed before it is read.
private func decode(_ change: (JSONValue) -> JSONValue) throws -> Manifest {
  let bytes = SampleBundle().manifest.encoded
  let json = try JSONParser.parse(bytes, limits: BundleLimits.json)
  return try Manifest(decoding: Array(change(json).compact.utf8))
}

private func member(_ name: String, _ value: JSONValue) -> JSONValue { .object([name: value]) }

/// The sample with one member of its first artefact or table replaced.
private func changing(_ list: String, _ name: String, _ value: JSONValue?) -> BundleCode? {
  code {
    _ = try decode { json in
      let items = json[list]?.arrayValue ?? []
      return json.merging([list: .array(items.map { $0.merging([name: value]) })])
    }
  }
}

@Suite struct ManifestCodecTests {
  @Test func roundTrip() throws {
    let manifest = SampleBundle().manifest
    #expect(try Manifest(decoding: manifest.encoded) == manifest)
  }

  @Test func optionalFieldsCanBeAbsent() throws {
    var manifest = SampleBundle().manifest
    manifest.minimumSource = nil
    manifest.floor = nil
    #expect(try Manifest(decoding: manifest.encoded) == manifest)
    manifest.notes = []
    #expect(
      try decode { $0.merging(["notes": nil, "floor": nil, "minimumSource": nil]) } == manifest)
  }

  @Test func beginsWithTypeAndFormat() throws {
    let text = String(decoding: SampleBundle().manifest.encoded, as: UTF8.self)
    #expect(text.hasPrefix(#"{"type":"krux-bundle","format":1,"product":"kruxos","#))
    #expect(text.hasSuffix("}\n"))
  }

  @Test func typeAndFormatOnlyCountInTheFirstPlaces() throws {
    func reordered(_ order: [Int]) -> BundleCode? {
      code {
        _ = try decode { json in
          var members = json.members ?? []
          let head = order.map { members[$0] }
          members.removeFirst(3)
          return .object(head + members)
        }
      }
    }
    #expect(reordered([1, 0, 2]) == .malformedManifest)
    #expect(reordered([0, 2, 1]) == .malformedManifest)
    #expect(reordered([2, 0, 1]) == .malformedManifest)
  }

  @Test func anotherMemberWithTheWordOfTheTypeIsNotTheType() throws {
    var manifest = SampleBundle().manifest
    manifest.product = Manifest.type
    var members = try JSONParser.parse(manifest.encoded, limits: BundleLimits.json).members ?? []
    members.swapAt(0, 2)
    let text = JSONValue.object(members).compact
    #expect(
      code { _ = try Manifest(decoding: Array(text.utf8)) } == BundleCode.malformedManifest)
  }

  @Test func otherTypesAndFormats() {
    func changed(_ name: String, _ value: JSONValue) -> BundleCode? {
      code { _ = try decode { $0.merging([name: value]) } }
    }
    #expect(changed("type", .string("krux-ledger")) == .malformedManifest)
    #expect(changed("format", .integer(2)) == .formatTooNew)
    #expect(changed("format", .integer(0)) == .malformedManifest)
    #expect(changed("format", .number("1.0")) == .malformedManifest)
  }

  @Test(arguments: ["[]", "1", "{}", "", "null", "{\"type\":\"krux-bundle\"}", "not json"])
  func otherDocuments(_ text: String) {
    #expect(code { _ = try Manifest(decoding: Array(text.utf8)) } == BundleCode.malformedManifest)
  }

  @Test func unknownMembersAreIgnored() throws {
    let manifest = try decode { json in
      let items = json["artefacts"]?.arrayValue ?? []
      return json.merging([
        "artefacts": .array(items.map { $0.merging(["hint": .array([.null])]) }),
        "later": member("deep", .number("1.5")),
      ])
    }
    #expect(manifest == SampleBundle().manifest)
  }

  @Test(arguments: [
    "type", "format", "product", "version", "sequence", "compatible", "created", "artefacts",
    "tables", "bodyLength",
  ])
  func aMissingOrWrongMember(_ name: String) {
    for value: JSONValue? in [nil, .null, .bool(true), .number("1.0"), member("a", .null)] {
      #expect(code { _ = try decode { $0.merging([name: value]) } } == BundleCode.malformedManifest)
    }
  }

  @Test(
    arguments: [
      ("product", .string("")), ("product", .string("a b")), ("product", .string("../etc")),
      ("product", .string(String(repeating: "a", count: 65))), ("product", .string("naïve")),
      ("version", .string("1\n2")), ("version", .string("")), ("version", .integer(1)),
      ("sequence", .integer(0)), ("sequence", .integer(-1)), ("sequence", .integer(1 << 53)),
      ("sequence", .string("1")), ("compatible", .array([])), ("compatible", .string("box-1")),
      ("compatible", .array([.string("a"), .integer(1)])),
      ("compatible", .array(Array(repeating: .string("a"), count: 257))),
      ("minimumSource", .integer(0)), ("minimumSource", .null), ("minimumSource", .string("1")),
      ("floor", .integer(0)), ("floor", .integer(13)), ("floor", .integer(1 << 53)),
      ("created", .string("yesterday")), ("created", .integer(1)),
      ("notes", .string("text")), ("notes", .array([.null])),
      ("notes", .array(Array(repeating: .string("a"), count: 1001))),
      ("artefacts", .array([.integer(1)])), ("artefacts", .object([JSONMember]())),
      ("tables", .array([])), ("tables", .array([.null])),
      ("bodyLength", .integer(-1)), ("bodyLength", .integer(0)), ("bodyLength", .integer(.max)),
    ] as [(String, JSONValue)])
  func outOfRange(_ name: String, _ value: JSONValue) {
    #expect(code { _ = try decode { $0.merging([name: value]) } } == BundleCode.malformedManifest)
  }

  @Test(
    arguments: [
      ("name", nil), ("name", .string("")), ("name", .string("a/b")), ("kind", nil),
      ("kind", .string("")), ("length", nil), ("length", .integer(0)),
      ("length", .integer(135_169)),
      ("length", .integer(-4096)), ("length", .integer((1 << 44) + 4096)),
      ("length", .integer(.max)),
      ("imageDigest", nil), ("imageDigest", .string("abcd")), ("imageDigest", .integer(1)),
      ("frameSize", nil), ("frameSize", .integer(0)), ("frameSize", .integer(32 << 10)),
      ("frameSize", .integer(8 << 20)), ("frameSize", .integer(96 << 10)),
      ("frameSize", .integer(.max)),
      ("payloadLength", nil), ("payloadLength", .integer(-1)), ("payloadLength", .integer(.max)),
      ("payloadLength", .integer(1)),
    ] as [(String, JSONValue?)])
  func artefact(_ name: String, _ value: JSONValue?) {
    #expect(changing("artefacts", name, value) == .malformedManifest)
  }

  @Test(
    arguments: [
      ("kind", nil), ("kind", .string("hints")), ("artefact", nil), ("artefact", .string("other")),
      ("length", nil), ("length", .integer(-1)), ("length", .integer(215)),
      ("length", .integer(288)),
      ("length", .integer((256 << 20) + 1)), ("digest", nil), ("digest", .string("")),
      ("payloadLength", .integer(-1)), ("payloadLength", .integer((1 << 44) + 1)),
      ("payloadLength", .null), ("payloadLength", .string("0")), ("base", .null),
      ("base", .string("abcd")), ("base", .string("")), ("base", .integer(1)),
    ] as [(String, JSONValue?)])
  func table(_ name: String, _ value: JSONValue?) {
    #expect(changing("tables", name, value) == .malformedManifest)
  }

  @Test func aTableWithoutAPayloadOrBaseDoesNotMentionThem() throws {
    let text = String(decoding: SampleBundle().manifest.encoded, as: UTF8.self)
    let table = try #require(text.firstRange(of: #""tables""#)).lowerBound
    #expect(!text[table...].contains("payloadLength") && !text[table...].contains("base"))
  }

  /// With a total that fits, so that the length itself is what is refused.
  @Test(arguments: [1 << 44, 1 << 44 | 1] as [UInt64])
  func aTablesPayloadIsBounded(_ length: UInt64) throws {
    var manifest = SampleBundle().manifest
    let payload = manifest.payloadLength + manifest.tablesLength
    manifest.tables.append(
      TableDescription(
        kind: TableDescription.delta, artefact: "root", length: 0, digest: digest("table"),
        payloadLength: length, base: digest("base")))
    if length > 1 << 44 {
      #expect(
        code { _ = try Manifest(decoding: manifest.encoded) } == BundleCode.malformedManifest)
    } else {
      #expect(try Manifest(decoding: manifest.encoded) == manifest)
      #expect(manifest.payloadLength + manifest.tablesLength == payload + length)
    }
  }

  /// `bodyLength` counts what belongs to tables.
  @Test func theBodyHasThePayloadsOfTables() {
    var manifest = SampleBundle().manifest
    let without = Int64(manifest.payloadLength + manifest.tablesLength)
    manifest.tables.append(
      TableDescription(
        kind: "hints", artefact: "root", length: 0, digest: digest("table"), payloadLength: 9))
    func changed(_ length: Int64) -> BundleCode? {
      code {
        let json = try JSONParser.parse(manifest.encoded, limits: BundleLimits.json)
        let bytes = Array(json.merging(["bodyLength": .integer(length)]).compact.utf8)
        _ = try Manifest(decoding: bytes)
        throw BundleFailure(.trailingData, "read")
      }
    }
    #expect(changed(without + 9) == .trailingData)
    #expect(changed(without) == .malformedManifest)
    #expect(changed(without + 18) == .malformedManifest)
  }

  @Test func damageNeverTraps() {
    let original = SampleBundle().manifest.encoded
    for bytes in damagedCopies(original) {
      guard let manifest = try? Manifest(decoding: bytes) else { continue }
      #expect((try? Manifest(decoding: manifest.encoded)) == manifest)
    }
  }
}
