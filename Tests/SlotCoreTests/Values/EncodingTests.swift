import SlotCore
import Testing

@Suite struct EncodingTests {
  @Test func hexadecimal() {
    #expect(Hex.encode([0x00, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
    #expect(Hex.decode("000fa5FF") == [0x00, 0x0F, 0xA5, 0xFF])
    #expect(Hex.decode("") == [])
  }

  @Test(arguments: ["0", "0g", "g0", " 0", "0x", "é", "@0", "`0", "/0", ":0"])
  func notHexadecimal(_ text: String) {
    #expect(Hex.decode(text) == nil)
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
  ])
  func base64(_ plain: String, _ encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
    #expect(Base64.decode(encoded) == Array(plain.utf8))
  }

  @Test(arguments: [
    "", "Zg", "Zg=", "Zg===", "Zg==\n", " Zg==", "Z g==", "Zh==", "Zm9v-_==", "Zm9v!", "=",
    "Zg==Zg==", "0\u{FFFD}",
  ])
  func notBase64(_ text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test func littleEndian() {
    #expect(LittleEndian.encode(UInt32(0x0102_0304)) == [4, 3, 2, 1])
    let value: UInt64 = LittleEndian.decode([0xFF, 1, 2, 3, 4, 5, 6, 7, 8], at: 1)
    #expect(value == 0x0807_0605_0403_0201)
  }

  @Test func printableTextCannotMoveTheCursor() {
    #expect("a\u{1B}[2Jb\nc\u{202E}d".printable == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d")
    #expect("Grüße, 世界 ✓".printable == "Grüße, 世界 ✓")
  }
}
