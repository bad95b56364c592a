import SlotCore
import Testing

/// Vectors printed by `b2sum -l 256` of coreutils.
@Suite struct DigestTests {
  @Test(arguments: [
    ("", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
    ("abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
  ])
  func knownText(_ text: String, _ hex: String) {
    #expect(Digest(of: Array(text.utf8)).hex == hex)
    #expect(Digest(hex: hex) == digest(text))
    #expect(Digest(hex: hex.uppercased()) == digest(text))
  }

  @Test func knownFrameOfZeros() {
    let zeros = Digest(of: [UInt8](repeating: 0, count: 65_536))
    #expect(zeros.hex == "df2d0b4e193fce63759c790e6956d5f756861f15d6db64cc1899afa85e1627b9")
    #expect(zeros.short == "df2d0b4e193f")
  }

  @Test func aStreamGivesTheSameWhereverItIsCut() {
    var generator = SeededGenerator(seed: 1)
    let bytes = generator.bytes(1000)
    for cut in [0, 1, 127, 128, 129, 999, 1000] {
      var stream = DigestStream()
      stream.update(Array(bytes[..<cut]))
      stream.update(Array(bytes[cut...]))
      #expect(stream.finish() == Digest(of: bytes).bytes)
    }
  }

  /// `printf abc | b2sum`
  @Test func longOutput() {
    var stream = DigestStream(outputCount: 64)
    stream.update(Array("abc".utf8))
    #expect(
      Hex.encode(stream.finish())
        == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
  }

  @Test(arguments: [0, 31, 33, 64]) func refusesOtherLengths(_ count: Int) {
    #expect(Digest(bytes: [UInt8](repeating: 7, count: count)) == nil)
    #expect(Digest(hex: String(repeating: "07", count: count)) == nil)
  }

  @Test func everyByteCounts() {
    let original = digest("abc")
    for index in 0..<Digest.byteCount {
      var bytes = original.bytes
      bytes[index] ^= 1
      #expect(Digest(bytes: bytes) != original)
    }
    #expect(Digest(bytes: original.bytes) == original)
  }
}
