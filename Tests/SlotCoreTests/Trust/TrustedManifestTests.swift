import SlotCore
import Testing

@Suite struct TrustedManifestTests {
  private let sample = SampleBundle()
  private let ring = KeyRing([SampleBundle.key.publicKey])

  private func signed(
    _ bytes: [UInt8], by key: SecretKey = SampleBundle.key
  ) -> [UInt8] {
    Array(key.sign(bytes, trustedComment: "from the publisher").file.utf8)
  }

  private func load(
    _ bytes: [UInt8]? = nil, signatures: [UInt8]? = nil, header: BundleHeader? = nil,
    ring: KeyRing? = nil
  ) throws -> TrustedManifest {
    let bytes = bytes ?? sample.manifest.encoded
    return try TrustedManifest(
      manifestBytes: bytes, signatureBytes: signatures ?? signed(bytes),
      header: header ?? sample.header, ring: ring ?? self.ring)
  }

  @Test func loads() throws {
    let trusted = try load()
    #expect(trusted.manifest == sample.manifest)
    #expect(trusted.digest == Digest(of: sample.manifest.encoded))
    #expect(trusted.signer == SampleBundle.key.publicKey)
    #expect(trusted.trustedComment == "from the publisher")
    #expect(
      trusted.bundleLength(header: sample.header)
        == UInt64(32 + sample.manifest.encoded.count + 300 + sample.table.count)
        + UInt64(sample.payload.count))
  }

  @Test func unsigned() {
    #expect(code { _ = try load(signatures: []) } == TrustCode.unsigned)
  }

  @Test func legacySignature() {
    let legacy = Array(MinisignSamples.legacySignature.utf8)
    #expect(code { _ = try load(signatures: legacy) } == TrustCode.legacySignature)
  }

  @Test func noKeys() {
    #expect(code { _ = try load(ring: KeyRing([])) } == TrustCode.noKeys)
  }

  @Test func unknownKey() {
    let other = KeyRing([SecretKey.generate().publicKey])
    #expect(code { _ = try load(ring: other) } == TrustCode.unknownKey)
  }

  @Test func alteredManifest() {
    let signatures = signed(sample.manifest.encoded)
    var other = sample.manifest
    other.sequence += 1
    #expect(
      code { _ = try load(other.encoded, signatures: signatures) } == TrustCode.badSignature)
  }

  @Test func alteredTrustedComment() {
    let text = String(decoding: signed(sample.manifest.encoded), as: UTF8.self)
    let altered = text.split(separator: "\n").map {
      $0.hasPrefix("trusted") ? "trusted comment: from someone else" : String($0)
    }.joined(separator: "\n")
    #expect(code { _ = try load(signatures: Array(altered.utf8)) } == TrustCode.badSignature)
  }

  @Test func everyFlippedByteOfTheManifestShows() {
    let original = sample.manifest.encoded
    let signatures = signed(original)
    for index in original.indices {
      var bytes = original
      bytes[index] ^= 4
      #expect(code { _ = try load(bytes, signatures: signatures) } == TrustCode.badSignature)
    }
  }

  @Test func oneGoodSignatureAmongOthersIsEnough() throws {
    let bytes = sample.manifest.encoded
    let stranger = signed(bytes, by: SecretKey.generate())
    #expect(try load(signatures: stranger + signed(bytes)).signer == SampleBundle.key.publicKey)
    let wrong = signed(Array("another text".utf8))
    #expect(try load(signatures: wrong + signed(bytes)).signer == SampleBundle.key.publicKey)
  }

  @Test func twoKeysWithTheSameID() throws {
    let copied = try #require(
      PublicKey(id: SampleBundle.key.id, key: SecretKey.generate().publicKey.key))
    let both = KeyRing([copied, SampleBundle.key.publicKey])
    #expect(try load(ring: both).signer == SampleBundle.key.publicKey)
    #expect(code { _ = try load(ring: KeyRing([copied])) } == TrustCode.badSignature)
  }

  @Test func headerAndManifestAgreeOnTheTables() {
    let header = BundleHeader(
      manifestLength: sample.header.manifestLength, signaturesLength: 300,
      tablesLength: sample.header.tablesLength + 1)
    #expect(code { _ = try load(header: header) } == BundleCode.lengthOutOfRange)
  }

  /// The order matters: nobody's bytes are parsed before somebody answers for them.
  @Test func theSignatureIsCheckedBeforeTheManifestIsParsed() {
    let nonsense = Array("{\"type\":\"krux-bundle\",\"type\":1".utf8)
    let stranger = signed(nonsense, by: SecretKey.generate())
    #expect(code { _ = try load(nonsense, signatures: stranger) } == TrustCode.unknownKey)
    let wrong = signed([1])
    #expect(code { _ = try load(nonsense, signatures: wrong) } == TrustCode.badSignature)
    #expect(code { _ = try load(nonsense) } == BundleCode.malformedManifest)
  }

  @Test func signaturesAreReadBeforeTheRingIsAsked() {
    let none = KeyRing([])
    #expect(code { _ = try load(signatures: [1], ring: none) } == TrustCode.malformedSignature)
  }
}
