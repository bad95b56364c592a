/// The public keys that may sign bundles for this device.
public struct KeyRing: Equatable, Sendable {
  public let keys: [PublicKey]

  public init(_ keys: [PublicKey]) { self.keys = keys }

  /// Two keys may share an id (ids are not secret and can be copied), so all of them are tried.
  func keys(withID id: KeyID) -> [PublicKey] { keys.filter { $0.id == id } }
}

/// A manifest that a key of the ring signed: the only way from bytes to a `Manifest` that may be acted on.
///
/// Order of checks: the lengths in the header (by `BundleHeader`); signatures well formed and not legacy; one
/// signature by a key of the ring valid over the manifest's bytes and over its trusted comment; only then is
/// the manifest parsed, and its lengths compared with the header's.
public struct TrustedManifest: Equatable, Sendable {
  public let manifest: Manifest
  /// BLAKE2b-256 of the manifest's bytes.
  public let digest: Digest
  /// The key of the ring that signed, and what its holder wrote beside the signature.
  public let signer: PublicKey
  public let trustedComment: String

  /// - Throws: `TrustFailure` or `BundleFailure`.
  public init(
    manifestBytes: [UInt8], signatureBytes: [UInt8], header: BundleHeader, ring: KeyRing
  ) throws {
    let signatures = try Signature.parse(signatureBytes)
    guard !ring.keys.isEmpty else {
      throw TrustFailure(
        .noKeys, "no public key is installed, so no bundle can be trusted",
        hint: "put the publisher's .pub file into /usr/lib/krux/keys.d")
    }
    let (key, signature) = try TrustedManifest.signer(of: manifestBytes, signatures, ring)
    manifest = try Manifest(decoding: manifestBytes)
    guard manifest.tablesLength == header.tablesLength else {
      throw BundleFailure.damaged(
        .lengthOutOfRange, "the bundle's header and its signed manifest state different lengths")
    }
    digest = Digest(of: manifestBytes)
    signer = key
    trustedComment = signature.trustedComment
  }

  private static func signer(
    of message: [UInt8], _ signatures: [Signature], _ ring: KeyRing
  ) throws(TrustFailure) -> (PublicKey, Signature) {
    var candidates = 0
    for signature in signatures {
      for key in ring.keys(withID: signature.keyID) {
        candidates += 1
        if signature.isValid(for: message, key: key) { return (key, signature) }
      }
    }
    guard candidates > 0 else {
      let ids = signatures.map { "\($0.keyID)" }.joined(separator: ", ")
      throw TrustFailure(
        .unknownKey, "the bundle is signed by a key that this device does not know (\(ids))",
        hint: "check that the bundle is for this device, and the keys in /usr/lib/krux/keys.d")
    }
    throw TrustFailure(
      .badSignature, "the bundle's signature does not match: it was altered after it was signed",
      hint: "fetch the bundle again, and tell its publisher if that does not help")
  }

  /// Bytes of the whole bundle, by what is signed and what the header says of the signed part.
  public func bundleLength(header: BundleHeader) -> UInt64 {
    header.payloadOffset + manifest.payloadLength
  }
}
