import SlotCore
import Testing

@Suite struct JSONWriterTests {
  private static let document = JSONValue.object([
    "z": .integer(.min), "a": .bool(false), "n": .null, "f": .number("1.50e+3"),
    "s": .string("\"\\\n\r\t\u{1}\u{7F}é😀/"), "gone": nil,
    "list": .array([.array([]), .object([JSONMember]()), .strings(["x", "y"])]),
  ])

  @Test func compact() {
    #expect(
      JSONWriterTests.document.compact
        == #"{"z":-9223372036854775808,"a":false,"n":null,"f":1.50e+3,"#
        + #""s":"\"\\\n\r\t\u0001\u007fé😀/","list":[[],{},["x","y"]]}"#)
  }

  @Test func pretty() {
    let value = JSONValue.object(["a": .array([.integer(1), .integer(2)]), "b": .array([])])
    #expect(
      value.pretty == """
        {
          "a": [
            1,
            2
          ],
          "b": []
        }

        """)
  }

  @Test func whatIsWrittenIsRead() throws {
    let limits = JSONLimits(byteCount: 100_000)
    for text in [JSONWriterTests.document.compact, JSONWriterTests.document.pretty] {
      #expect(try JSONParser.parse(Array(text.utf8), limits: limits) == JSONWriterTests.document)
    }
  }

  @Test func everyScalarOfTheFirstPlanesComesBack() throws {
    let scalars = (UInt32(0)...0x2FF).compactMap(Unicode.Scalar.init)
    let value = JSONValue.string(String(String.UnicodeScalarView(scalars)))
    let text = Array(value.compact.utf8)
    #expect(try JSONParser.parse(text, limits: JSONLimits(byteCount: 10_000)) == value)
    #expect(!text.contains { $0 < 0x20 || $0 == 0x7F })
  }

  @Test func mergingKeepsOrderAndOthers() {
    let before = JSONValue.object(["a": .integer(1), "b": .integer(2), "c": .integer(3)])
    let after = before.merging(["b": .integer(5), "c": nil, "d": .null, "e": nil])
    #expect(after.compact == #"{"a":1,"b":5,"d":null}"#)
  }

  @Test func randomTextNeverTrapsTheParser() {
    var generator = SeededGenerator(seed: 3)
    let alphabet = Array("{}[]\",:\\u0019eE.-+truefalsn \n\u{E9}".utf8)
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...40, using: &generator)
      let text = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      guard let value = try? JSONParser.parse(text, limits: JSONLimits(byteCount: 100)) else {
        continue
      }
      let again = Array(value.compact.utf8)
      #expect((try? JSONParser.parse(again, limits: JSONLimits(byteCount: 1000))) == value)
    }
  }
}
