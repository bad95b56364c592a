import SlotCore
import Testing

private func parse(
  _ text: String, limits: JSONLimits = JSONLimits(byteCount: 4096)
) throws -> JSONValue {
  try JSONParser.parse(Array(text.utf8), limits: limits)
}

@Suite struct JSONParserTests {
  @Test(
    arguments: [
      ("null", .null), ("true", .bool(true)), (" false\r\n\t", .bool(false)),
      ("0", .integer(0)), ("-0", .integer(0)), ("-12", .integer(-12)),
      ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("[]", .array([])), ("[1, [ ] ,\"a\"]", .array([.integer(1), .array([]), .string("a")])),
      ("{ }", .object([JSONMember]())),
      (#"{"b":1,"a":2}"#, .object([JSONMember("b", .integer(1)), JSONMember("a", .integer(2))])),
      (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{C}\n\r\t")),
      (#""\u00e9\uD83D\uDE00é😀""#, .string("é😀é😀")), (#""\u0000""#, .string("\0")),
    ] as [(String, JSONValue)])
  func reads(_ text: String, _ value: JSONValue) throws {
    #expect(try parse(text) == value)
  }

  @Test(arguments: [
    "1.0", "1e3", "-1.5E-7", "0.1", "1E+2", "9223372036854775808", "-9223372036854775809",
    String(repeating: "9", count: 400), "1e999999999",
  ])
  func numbersThatAreNoIntegersAreKeptAsText(_ text: String) throws {
    let value = try parse(text)
    #expect(value == .number(text))
    #expect(value.integerValue == nil)
  }

  @Test(arguments: [
    "", " ", "nul", "nulL", "True", "truee", "undefined", "NaN", "Infinity", "-Infinity", "'a'",
    "01", "-01", "00", "-", "+1", "1.", ".5", "1e", "1e+", "1.e3", "0x10", "1_000", "--1", "1 2",
    "[", "]", "[1", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1",
    "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{\"a\":1]", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "[] []",
    "// c\n1", "/* c */ 1", "\u{FEFF}1", "1\u{FEFF}", "\u{A0}1", "1\0", "\u{B}1",
    "\"", "\"a", "\"\\", "\"\\\"", "\"\n\"", "\"\t\"", "\"\u{1F}\"", "\"\0\"", #""\x41""#, #""\'""#,
    #""\u""#, #""\u12""#, #""\u12g4""#, #""\u+123""#, #""\U0041""#,
    #""\uD800""#, #""\uDC00""#, #""\uD800x""#, #""\uD800\n""#, #""\uD800\u0041""#,
    #""\uD800\uD800""#, #""\uDC00\uD800""#,
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test(
    arguments: [
      [0x80], [0xC3], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
      [0xF5, 0x80, 0x80, 0x80],
      [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xC3, 0x28],
    ] as [[UInt8]])
  func refusesInvalidUTF8(_ bytes: [UInt8]) {
    let quote = UInt8(ascii: "\"")
    #expect(throws: JSONError.self) {
      try JSONParser.parse([quote] + bytes + [quote], limits: JSONLimits(byteCount: 100))
    }
  }

  @Test(arguments: [
    #"{"a":1,"a":1}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":2}"#, #"[{"x":{"":1,"":2}}]"#,
  ])
  func refusesDuplicateMembers(_ text: String) throws {
    let error = #expect(throws: JSONError.self) { try parse(text) }
    #expect(error?.reason == "duplicate member")
  }

  @Test func theSameNameInTwoObjectsIsNoDuplicate() throws {
    #expect(try parse(#"[{"a":1},{"a":2}]"#).arrayValue?.count == 2)
  }

  @Test func errorsSayWhere() throws {
    let error = #expect(throws: JSONError.self) { try parse("[1, x]") }
    #expect(error?.description == "unexpected character at byte 4")
  }
}

@Suite struct JSONLimitTests {
  @Test func depth() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    let limits = JSONLimits(byteCount: 2_000_000, depth: 5)
    #expect(try parse(nested(5), limits: limits).arrayValue?.count == 1)
    #expect(throws: JSONError.self) { try parse(nested(6), limits: limits) }
    #expect(throws: JSONError.self) { try parse(nested(500_000), limits: limits) }
    let objects = String(repeating: "{\"a\":", count: 6) + "1" + String(repeating: "}", count: 6)
    #expect(throws: JSONError.self) { try parse(objects, limits: limits) }
  }

  @Test func length() throws {
    let limits = JSONLimits(byteCount: 4)
    #expect(try parse("1234", limits: limits) == .integer(1234))
    #expect(throws: JSONError.self) { try parse("12345", limits: limits) }
    #expect(throws: JSONError.self) { try parse("1    ", limits: limits) }
  }

  @Test func valueCount() throws {
    let limits = JSONLimits(byteCount: 4096, valueCount: 4)
    #expect(try parse("[1,2,3]", limits: limits).arrayValue?.count == 3)
    #expect(throws: JSONError.self) { try parse("[1,2,3,4]", limits: limits) }
    #expect(throws: JSONError.self) { try parse(#"{"a":[{}],"b":[1]}"#, limits: limits) }
  }
}
