import SlotCore
import Testing

@Suite struct BundleHeaderTests {
  private static let header = BundleHeader(
    manifestLength: 1000, signaturesLength: 300, tablesLength: 7200)

  private func decodingCode(_ bytes: [UInt8]) -> BundleCode? {
    code { _ = try BundleHeader(decoding: bytes) }
  }

  /// The header with the 32-bit field at `offset` set to `value`.
  private func header(setting offset: Int, to value: UInt32) -> [UInt8] {
    var bytes = BundleHeaderTests.header.encoded
    bytes.replaceSubrange(offset..<offset + 4, with: LittleEndian.encode(value))
    return bytes
  }

  @Test func layout() {
    #expect(
      BundleHeaderTests.header.encoded == [
        0x89, 0x4B, 0x52, 0x58, 0x0D, 0x0A, 0x1A, 0x0A, 1, 0, 0, 0, 0xE8, 3, 0, 0,
        0x2C, 1, 0, 0, 0, 0, 0, 0, 0x20, 0x1C, 0, 0, 0, 0, 0, 0,
      ])
  }

  @Test func roundTripAndOffsets() throws {
    let header = try BundleHeader(decoding: BundleHeaderTests.header.encoded + [1, 2, 3])
    #expect(header == BundleHeaderTests.header)
    #expect(header.manifestOffset == 32)
    #expect(header.signaturesOffset == 1032)
    #expect(header.tablesOffset == 1332)
    #expect(header.payloadOffset == 8532)
  }

  @Test func truncation() {
    for count in 0..<BundleHeader.byteCount {
      #expect(decodingCode(Array(BundleHeaderTests.header.encoded.prefix(count))) == .truncated)
    }
  }

  @Test(arguments: ["PK\u{3}\u{4}", "<!DOCTYPE html><html>404</html>", "{", "\0\0\0\0\0\0\0\0"])
  func somethingElse(_ text: String) {
    #expect(decodingCode(Array(text.utf8)) == .notABundle)
  }

  @Test func anyOtherMagic() {
    for index in 0..<8 {
      var bytes = BundleHeaderTests.header.encoded
      bytes[index] ^= 0x40
      #expect(decodingCode(bytes) == .notABundle)
    }
  }

  @Test func textModeDamage() {
    let bytes = BundleHeaderTests.header.encoded
    let toLF = Array(bytes[..<4]) + [0x0A, 0x1A, 0x0A] + Array(bytes[8...])
    let toCRLF = Array(bytes[..<4]) + [0x0D, 0x0D, 0x0A, 0x1A, 0x0D, 0x0A] + Array(bytes[8...])
    let sevenBits = bytes.map { $0 & 0x7F }
    for damaged in [toLF, toCRLF, sevenBits] { #expect(decodingCode(damaged) == .textModeDamage) }
  }

  @Test(arguments: [0, 2, 256, UInt32.max]) func otherFormats(_ version: UInt32) {
    #expect(decodingCode(header(setting: 8, to: version)) == .formatTooNew)
  }

  @Test(
    arguments: [
      (12, 0), (12, (1 << 20) + 1), (12, UInt32.max), (16, (64 << 10) + 1), (16, UInt32.max),
      (20, 1), (20, UInt32.max), (24, (256 << 20) + 1), (28, 1), (28, UInt32.max),
    ] as [(Int, UInt32)])
  func lengthsOutOfRange(_ offset: Int, _ value: UInt32) {
    #expect(decodingCode(header(setting: offset, to: value)) == .lengthOutOfRange)
  }

  @Test(
    arguments: [(12, 1), (12, 1 << 20), (16, 0), (16, 64 << 10), (24, 0), (24, 256 << 20)]
      as [(Int, UInt32)])
  func lengthsInRange(_ offset: Int, _ value: UInt32) throws {
    let bytes = header(setting: offset, to: value)
    #expect(try BundleHeader(decoding: bytes).encoded == bytes)
  }

  @Test func damageNeverTraps() {
    for bytes in damagedCopies(BundleHeaderTests.header.encoded) {
      guard let header = try? BundleHeader(decoding: bytes) else { continue }
      #expect(header.encoded == bytes)
      #expect(header.payloadOffset < 1 << 29)
    }
  }
}
