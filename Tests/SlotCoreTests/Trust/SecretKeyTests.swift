import SlotCore
import Testing

@Suite struct SecretKeyTests {
  /// The bytes of a key file, changed and written again.
  private func changed(_ file: String, _ change: (inout [UInt8]) -> Void) throws -> String {
    let line = try #require(file.split(separator: "\n").last)
    var bytes = try #require(Base64.decode(String(line)))
    change(&bytes)
    return "untrusted comment: x\n\(Base64.encode(bytes))\n"
  }

  private func readingCode(_ file: String, password: String? = nil) -> TrustCode? {
    code { _ = try SecretKey(file: file, password: password.map { Array($0.utf8) }) }
  }

  @Test func readsWhatMinisignWrote() throws {
    let key = try SecretKey(file: MinisignSamples.secretKey, password: nil)
    #expect(key.publicKey.file == MinisignSamples.publicKey)
    #expect(try !SecretKey.needsPassword(file: MinisignSamples.secretKey))
  }

  @Test func signsAsMinisignDoes() throws {
    let key = try SecretKey(file: MinisignSamples.secretKey, password: nil)
    let ours = key.sign(MinisignSamples.message, trustedComment: "trusted words")
    let theirs = try Signature.parse(Array(MinisignSamples.signature.utf8))[0]
    #expect(ours.signature == theirs.signature)
    #expect(ours.globalSignature == theirs.globalSignature)
    #expect(ours.keyID == theirs.keyID)
  }

  @Test func newKeysDifferAndComeBack() throws {
    let (first, second) = (SecretKey.generate(), SecretKey.generate())
    #expect(first.publicKey.key != second.publicKey.key)
    #expect(first.id != second.id)
    let read = try SecretKey(file: try first.file(password: nil), password: nil)
    #expect(read.publicKey == first.publicKey)
    let signature = read.sign([1, 2], trustedComment: "c")
    #expect(signature.isValid(for: [1, 2], key: first.publicKey))
  }

  @Test func passwords() throws {
    let file = MinisignSamples.encryptedKey
    #expect(try SecretKey.needsPassword(file: file))
    let key = try SecretKey(file: file, password: Array("secret".utf8))
    #expect(key.publicKey.file == MinisignSamples.publicKey)
    #expect(readingCode(file, password: "Secret") == .wrongPassword)
    #expect(readingCode(file, password: "") == .wrongPassword)
    #expect(readingCode(file) == .wrongPassword)
  }

  /// The cost that is written is minisign's own, a gigabyte of memory: one key, one reading.
  @Test func aPasswordThatWasSetIsNeeded() throws {
    let key = SecretKey.generate()
    let file = try key.file(password: Array("correct horse".utf8))
    #expect(file.hasPrefix("untrusted comment: minisign encrypted secret key\n"))
    #expect(try SecretKey.needsPassword(file: file))
    let read = try SecretKey(file: file, password: Array("correct horse".utf8))
    #expect(read.publicKey == key.publicKey)
  }

  /// Offsets: algorithm 0, derivation 2, checksum algorithm 4, operations 38, memory 46.
  @Test(arguments: [(0, "E\0"), (2, "Xx"), (4, "SH")])
  func otherAlgorithms(_ offset: Int, _ name: String) throws {
    let file = try changed(MinisignSamples.encryptedKey) {
      $0.replaceSubrange(offset..<offset + 2, with: name.utf8)
    }
    #expect(readingCode(file, password: "secret") == .malformedKey)
  }

  @Test(arguments: [38, 46]) func absurdCostsAreNotPaid(_ offset: Int) throws {
    let file = try changed(MinisignSamples.encryptedKey) {
      $0.replaceSubrange(offset..<offset + 8, with: [UInt8](repeating: 0x7F, count: 8))
    }
    #expect(readingCode(file, password: "secret") == .malformedKey)
  }

  @Test func aDamagedKeyWithoutPasswordShows() throws {
    let file = try SecretKey.generate().file(password: nil)
    for offset in [54, 62, 100, 126, 157] {
      let damaged = try changed(file) { $0[offset] ^= 1 }
      #expect(readingCode(damaged) == .malformedKey)
    }
  }

  @Test(arguments: ["", "untrusted comment: x", "untrusted comment: x\nRWQ=", "x\ny\n", "x\ny\nz"])
  func otherFiles(_ text: String) {
    #expect(readingCode(text) == .malformedKey)
  }
}
