/// The fixed words of minisign's text files.
enum SignatureText {
  static let untrustedPrefix = "untrusted comment: "
  static let trustedPrefix = "trusted comment: "
  /// A comment is for display; longer ones are refused.
  static let maximumComment = 1024
}

/// One minisign signature in the prehashed form `ED`: Ed25519 over the BLAKE2b-512 of the message, and
/// a second ("global") one over signature and trusted comment.
///
/// https://jedisct1.github.io/minisign/#signature-format
public struct Signature: Equatable, Sendable {
  public let keyID: KeyID
  /// 64 bytes.
  public let signature: [UInt8]
  /// Covered by the global signature. For display only: nothing is decided by it.
  public let trustedComment: String
  /// 64 bytes.
  public let globalSignature: [UInt8]
  /// The untrusted comment, kept so that a file is written as it was read.
  public let untrustedComment: String

  public init(
    keyID: KeyID, signature: [UInt8], trustedComment: String, globalSignature: [UInt8],
    untrustedComment: String
  ) {
    self.keyID = keyID
    self.signature = signature
    self.trustedComment = trustedComment
    self.globalSignature = globalSignature
    self.untrustedComment = untrustedComment
  }

  /// Reads one signature: the four lines of a `.minisig` file.
  ///
  /// - Throws: `malformedSignature`; `legacySignature` for the form `Ed`, which signs the message itself.
  public init(lines: ArraySlice<String>) throws(TrustFailure) {
    let lines = Array(lines)
    guard lines.count == 4, lines[0].hasPrefix(SignatureText.untrustedPrefix),
      lines[2].hasPrefix(SignatureText.trustedPrefix),
      lines[0].utf8.count <= SignatureText.maximumComment,
      lines[2].utf8.count <= SignatureText.maximumComment,
      let first = Base64.decode(lines[1]), first.count == 74, let id = KeyID(bytes: first[2..<10]),
      let global = Base64.decode(lines[3]), global.count == 64
    else { throw Signature.malformed }
    switch Array(first.prefix(2)) {
    case Array("ED".utf8): break
    case Array("Ed".utf8):
      throw TrustFailure(
        .legacySignature, "the signature is in minisign's legacy form, which is not accepted",
        hint: "sign with 'minisign -S -H' or 'krux-release bundle sign'")
    default: throw Signature.malformed
    }
    self.init(
      keyID: id, signature: Array(first[10...]),
      trustedComment: String(lines[2].dropFirst(SignatureText.trustedPrefix.count)),
      globalSignature: global,
      untrustedComment: String(lines[0].dropFirst(SignatureText.untrustedPrefix.count)))
  }

  /// Reads the signatures of a bundle: `.minisig` files, one after another. None is `unsigned`.
  ///
  /// - Throws: `unsigned`, `malformedSignature`, `legacySignature`.
  public static func parse(_ bytes: [UInt8]) throws(TrustFailure) -> [Signature] {
    guard !bytes.isEmpty else {
      throw TrustFailure(
        .unsigned, "the bundle is not signed", hint: "sign it with 'krux-release bundle sign'")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw malformed }
    // A Character of CR LF is one newline, so both line ends are read.
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
      .map(String.init)
    if lines.last == "" { lines.removeLast() }
    guard lines.count.isMultiple(of: 4), lines.count / 4 <= BundleLimits.signatureCount else {
      throw malformed
    }
    var signatures: [Signature] = []
    for start in stride(from: 0, to: lines.count, by: 4) {
      signatures.append(try Signature(lines: lines[start..<start + 4]))
    }
    return signatures
  }

  private static var malformed: TrustFailure {
    TrustFailure(
      .malformedSignature, "the signature is malformed",
      hint: "fetch the bundle again, and tell its publisher if that does not help")
  }

  /// The four lines, as `minisign` writes them.
  public var file: String {
    """
    \(SignatureText.untrustedPrefix)\(untrustedComment)
    \(Base64.encode(Array("ED".utf8) + keyID.bytes + signature))
    \(SignatureText.trustedPrefix)\(trustedComment)
    \(Base64.encode(globalSignature))

    """
  }

  /// Whether `key` made this signature of `message`, and of the trusted comment.
  public func isValid(for message: [UInt8], key: PublicKey) -> Bool {
    key.id == keyID && key.verifies(signature, of: Signature.prehash(message))
      && key.verifies(globalSignature, of: signature + Array(trustedComment.utf8))
  }

  /// BLAKE2b-512 of the message: what is signed.
  public static func prehash(_ message: [UInt8]) -> [UInt8] {
    var stream = DigestStream(outputCount: 64)
    stream.update(message)
    return stream.finish()
  }
}
