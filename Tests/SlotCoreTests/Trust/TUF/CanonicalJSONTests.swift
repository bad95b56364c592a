import SlotCore
import Testing

@Suite struct CanonicalJSONTests {
  private func canonical(_ text: String) throws -> String? {
    let json = try JSONParser.parse(Array(text.utf8), limits: JSONLimits(byteCount: 4096))
    return json.canonical.map { String(decoding: $0, as: UTF8.self) }
  }

  /// As securesystemslib's `encode_canonical` has it.
  @Test func isWhatSecuresystemslibWrites() throws {
    let text = #"{"💩":1, "\uffff":2, "a":[1,-2,null,true,{}], "B":"q\"b\\n\n\u00e9\u007f", "":""}"#
    #expect(
      try canonical(text)
        == "{\"\":\"\",\"B\":\"q\\\"b\\\\n\né\u{7f}\",\"a\":[1,-2,null,true,{}],\"\u{ffff}\":2,\"💩\":1}"
    )
  }

  /// Swift holds the two for one text: they stay what they are.
  @Test func nothingIsNormalised() throws {
    #expect(
      try JSONParser.parse(Array(#""e\u0301""#.utf8), limits: JSONLimits(byteCount: 99)).canonical
        == Array("\"e\u{301}\"".utf8))
  }

  @Test(arguments: ["1.0", "1e3", "9223372036854775808", "[0.5]", #"{"a":1.5}"#])
  func onlyIntegersHaveACanonicalForm(text: String) throws {
    #expect(try canonical(text) == nil)
  }

  @Test func negativeZeroIsZero() throws {
    #expect(try canonical("[-0,-9223372036854775808]") == "[0,-9223372036854775808]")
  }
}
