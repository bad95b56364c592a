import SlotCore
import Testing

@Suite struct SignatureTests {
  private let message = Array("the manifest".utf8)
  private let key = SampleBundle.key

  private var signature: Signature { key.sign(message, trustedComment: "for display") }

  private func parse(_ text: String) throws -> [Signature] { try Signature.parse(Array(text.utf8)) }

  private func parsingCode(_ text: String) -> TrustCode? { code { _ = try parse(text) } }

  /// The lines of the signature, one of them replaced.
  private func replacing(_ index: Int, _ change: (String) -> String) -> String {
    var lines = signature.file.split(separator: "\n").map(String.init)
    lines[index] = change(lines[index])
    return lines.joined(separator: "\n") + "\n"
  }

  @Test func roundTrip() throws {
    #expect(try parse(signature.file) == [signature])
    #expect(try parse(MinisignSamples.signature).map(\.file) == [MinisignSamples.signature])
  }

  @Test func minisignsSignatureIsValid() throws {
    let key = try PublicKey(file: MinisignSamples.publicKey)
    let signature = try parse(MinisignSamples.signature)[0]
    #expect(signature.trustedComment == "trusted words")
    #expect(signature.isValid(for: MinisignSamples.message, key: key))
    #expect(!signature.isValid(for: MinisignSamples.message + [0], key: key))
  }

  @Test func legacyFormIsRefused() {
    #expect(parsingCode(MinisignSamples.legacySignature) == .legacySignature)
    #expect(parsingCode(signature.file + MinisignSamples.legacySignature) == .legacySignature)
  }

  @Test func noneIsUnsigned() { #expect(parsingCode("") == .unsigned) }

  @Test func bothLineEnds() throws {
    let text = signature.file.split(separator: "\n").joined(separator: "\r\n")
    #expect(try parse(text) == [signature])
    #expect(try parse(text + "\r\n") == [signature])
  }

  @Test func severalSignatures() throws {
    let sixteen = String(repeating: signature.file, count: 16)
    #expect(try parse(sixteen).count == 16)
    #expect(parsingCode(sixteen + signature.file) == .malformedSignature)
  }

  @Test func otherTexts() {
    let file = signature.file
    for text in ["\n", "x", "\n" + file, file + "\n", file + "x\n", String(file.dropLast(100))] {
      #expect(parsingCode(text) == .malformedSignature)
    }
    #expect(code { _ = try Signature.parse([0xFF]) } == TrustCode.malformedSignature)
  }

  @Test func eachLineIsChecked() {
    let long = String(repeating: "x", count: 1100)
    #expect(parsingCode(replacing(0) { "x" + $0 }) == .malformedSignature)
    #expect(parsingCode(replacing(0) { $0 + long }) == .malformedSignature)
    #expect(parsingCode(replacing(1) { String($0.dropLast(4)) }) == .malformedSignature)
    #expect(parsingCode(replacing(1) { "AA" + $0.dropFirst(2) }) == .malformedSignature)
    #expect(parsingCode(replacing(1) { "!" + $0 }) == .malformedSignature)
    #expect(parsingCode(replacing(2) { "un" + $0 }) == .malformedSignature)
    #expect(parsingCode(replacing(2) { $0 + long }) == .malformedSignature)
    #expect(parsingCode(replacing(3) { String($0.dropLast(4)) }) == .malformedSignature)
    #expect(parsingCode(replacing(3) { _ in "x" }) == .malformedSignature)
  }

  @Test func theTrustedCommentIsSigned() throws {
    let altered = try parse(replacing(2) { $0 + "!" })[0]
    #expect(!altered.isValid(for: message, key: key.publicKey))
  }

  @Test func theUntrustedCommentIsNot() throws {
    let altered = try parse(replacing(0) { $0 + "!" })[0]
    #expect(altered.isValid(for: message, key: key.publicKey))
  }

  @Test func validOnlyForMessageKeyAndID() throws {
    #expect(signature.isValid(for: message, key: key.publicKey))
    #expect(!signature.isValid(for: message + [0], key: key.publicKey))
    #expect(!signature.isValid(for: [], key: key.publicKey))
    let other = SecretKey.generate().publicKey
    let sameID = try #require(PublicKey(id: key.id, key: other.key))
    let otherID = try #require(PublicKey(id: other.id, key: key.publicKey.key))
    #expect(!signature.isValid(for: message, key: sameID))
    #expect(!signature.isValid(for: message, key: otherID))
  }

  @Test func anyFlippedByteOfBothSignaturesShows() {
    for index in 0..<64 {
      var (first, global) = (signature.signature, signature.globalSignature)
      first[index] ^= 1
      global[index] ^= 1
      for (signed, comment) in [(first, signature.globalSignature), (signature.signature, global)] {
        let altered = Signature(
          keyID: key.id, signature: signed, trustedComment: "for display",
          globalSignature: comment, untrustedComment: "")
        #expect(!altered.isValid(for: message, key: key.publicKey))
      }
    }
  }

  @Test func damageNeverTraps() {
    for bytes in damagedCopies(Array(signature.file.utf8)) {
      guard let read = try? Signature.parse(bytes), let first = read.first else { continue }
      #expect(first.signature.count == 64 && first.globalSignature.count == 64)
    }
  }
}
