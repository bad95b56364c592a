import SlotCore
import Testing

@Suite struct PublicKeyTests {
  private static let line = "RWSv4LsexLzPW7SeYNP0Z++sptHpWjB1BETuraTKVtB5R6KlZucp5YV4"

  @Test func readsAndWritesWhatMinisignWrote() throws {
    let key = try PublicKey(file: MinisignSamples.publicKey)
    #expect(key.id.description == "5BCFBCC41EBBE0AF")
    #expect(key.file == MinisignSamples.publicKey)
    #expect(key.fingerprint == Digest(of: key.key))
  }

  @Test(arguments: [
    line, line + "\n", "  \(line)\t\r\n", "untrusted comment: x\r\n\(line)\r\n",
    "\nuntrusted comment: x\n\n\(line)\n\n",
  ])
  func otherLayoutsOfTheSameKey(_ text: String) throws {
    #expect(try PublicKey(file: text) == PublicKey(file: MinisignSamples.publicKey))
  }

  @Test(arguments: [
    "", "\n", "untrusted comment: x", "untrusted comment: x\n" + line.dropLast(4),
    line + "\n" + line, "untrusted comment: x\nuntrusted comment: y\n" + line, "a comment\n" + line,
    "RUSv4LsexLzPW7SeYNP0Z++sptHpWjB1BETuraTKVtB5R6KlZucp5YV4", line + "AAAA", "!" + line,
  ])
  func refuses(_ text: String) {
    #expect(code { _ = try PublicKey(file: text) } == TrustCode.malformedKey)
  }

  /// One key in sixteen has an id that begins with a zero, which minisign does not print.
  @Test(
    arguments: [
      ([1, 2, 3, 4, 5, 6, 7, 8], "807060504030201"), ([1, 0, 0, 0, 0, 0, 0, 0], "1"),
      ([0, 0, 0, 0, 0, 0, 0, 0xA0], "A000000000000000"), ([0, 0, 0, 0, 0, 0, 0, 0], "0"),
    ] as [([UInt8], String)])
  func idsAreWrittenAsMinisignWritesThem(_ bytes: [UInt8], _ text: String) throws {
    #expect(try #require(KeyID(bytes: bytes)).description == text)
  }

  @Test func lengthsAreFixed() throws {
    let id = try #require(KeyID(bytes: [1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(KeyID(bytes: [1, 2, 3]) == nil)
    #expect(PublicKey(id: id, key: [UInt8](repeating: 1, count: 31)) == nil)
    #expect(PublicKey(id: id, key: [UInt8](repeating: 1, count: 32)) != nil)
  }

  @Test func damageNeverTraps() {
    for bytes in damagedCopies(Array(MinisignSamples.publicKey.utf8)) {
      guard let key = try? PublicKey(file: String(decoding: bytes, as: UTF8.self)) else { continue }
      #expect(key.key.count == 32)
    }
  }
}
