import SlotCore
import SlotCoreTesting
import Testing

@Suite struct BundleKeysTests {
  private let keys = SampleFeed.keys.map(\.publicKey)

  private var list: BundleKeys {
    BundleKeys(keys: [keys[0], keys[1]], withdrawn: [.init(key: keys[2], reason: "Lost")])
  }

  private func refusal(_ name: String, _ value: JSONValue?) throws -> FeedCode? {
    let json = try JSONParser.parse(list.encoded, limits: BundleLimits.json)
    let changed = json.merging([name: value])
    return code { _ = try BundleKeys(decoding: Array(changed.compact.utf8)) }
  }

  @Test func roundTrip() throws {
    #expect(try BundleKeys(decoding: list.encoded) == list)
    #expect(try BundleKeys(decoding: BundleKeys().encoded) == BundleKeys())
    #expect(list.isWithdrawn(keys[2]))
    #expect(!list.isWithdrawn(keys[0]))
  }

  @Test func refusals() throws {
    #expect(try refusal("type", .string("krux-channel")) == .malformedKeys)
    #expect(try refusal("format", .integer(2)) == .indexTooNew)
    #expect(try refusal("keys", nil) == .malformedKeys)
    #expect(try refusal("keys", .strings(["x"])) == .malformedKeys)
    #expect(try refusal("keys", .array([.integer(1)])) == .malformedKeys)
    let many = JSONValue.strings([String](repeating: keys[0].line, count: 1025))
    #expect(try refusal("keys", many) == .malformedKeys)
    #expect(try refusal("withdrawn", nil) == .malformedKeys)
    #expect(try refusal("withdrawn", .strings([keys[0].line])) == .malformedKeys)
    let nameless = JSONValue.array([.object(["key": .string(keys[0].line)])])
    #expect(try refusal("withdrawn", nameless) == .malformedKeys)
    #expect(code { _ = try BundleKeys(decoding: [1]) } == FeedCode.malformedKeys)
  }
}
