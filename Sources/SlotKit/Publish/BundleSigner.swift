public import SlotCore
internal import SystemPackage

/// Puts signatures into a bundle that exists. Manifest, tables and payload stay as they are.
public enum BundleSigner {
  /// Longest comment, in bytes.
  public static let maximumComment = 1000

  /// Signs, in the place of an earlier signature by the same key.
  ///
  /// - Parameter comment: what to say beside the signature; nil for product, version and sequence.
  /// - Parameter output: where to write; nil replaces the bundle in one step.
  /// - Throws: `SourceFailure`, `BundleFailure`, `TrustFailure`, `RequestFailure`, `OutputFailure`.
  public static func sign(
    _ path: String, key: SecretKey, comment: String? = nil, output: String? = nil
  ) throws -> Signature {
    let bundle = try BundleFile(path)
    let manifest = try Manifest(decoding: bundle.manifestBytes)
    let words = comment ?? manifest.trustedComment
    guard words.utf8.count <= maximumComment, words.printable == words else {
      throw RequestFailure(
        .invalidValue, "the comment must be one line of at most \(maximumComment) bytes",
        hint: "leave --comment away for product, version and sequence")
    }
    let signature = key.sign(bundle.manifestBytes, trustedComment: words)
    try add(signature, to: bundle, manifest, at: path, output: output)
    return signature
  }

  /// Writes the bytes that have to be signed to `manifestPath`, for a key on another machine.
  public static func export(_ path: String, to manifestPath: String) throws {
    let bundle = try BundleFile(path)
    _ = try Manifest(decoding: bundle.manifestBytes)
    let output = try OutputFile(besides: FilePath(manifestPath))
    try output.append(bundle.manifestBytes)
    try output.publish(replacing: true)
  }

  /// Adds a signature that was made elsewhere over the exported manifest.
  ///
  /// - Parameter publicKey: the key that must have made it; nil to check its form only.
  public static func attach(
    _ signaturePath: String, to path: String, publicKey: PublicKey?, output: String? = nil
  ) throws -> Signature {
    let bundle = try BundleFile(path)
    let manifest = try Manifest(decoding: bundle.manifestBytes)
    let signature = try read(signaturePath)
    if let publicKey, !signature.isValid(for: bundle.manifestBytes, key: publicKey) {
      throw TrustFailure(
        publicKey.id == signature.keyID ? .badSignature : .unknownKey,
        publicKey.id == signature.keyID
          ? "the signature does not match this bundle's manifest"
          : "the signature was made by key \(signature.keyID), not by \(publicKey.id)",
        hint: "sign the file that 'krux-release bundle sign --export' writes")
    }
    try add(signature, to: bundle, manifest, at: path, output: output)
    return signature
  }

  private static func read(_ path: String) throws -> Signature {
    let bytes = try InputText.bytes(path, limit: BundleLimits.signaturesBytes)
    let signatures = bytes.isEmpty ? [] : try Signature.parse(bytes)
    guard signatures.count == 1 else {
      throw TrustFailure(
        .malformedSignature, "\(path.printable) does not hold exactly one signature",
        hint: "give the .minisig file that 'minisign -S -H' writes")
    }
    return signatures[0]
  }

  private static func add(
    _ signature: Signature, to bundle: BundleFile, _ manifest: Manifest, at path: String,
    output: String?
  ) throws {
    try bundle.checkLength(manifest)
    let old = bundle.signatureBytes.isEmpty ? [] : try Signature.parse(bundle.signatureBytes)
    let kept = old.filter { $0.keyID != signature.keyID } + [signature]
    let bytes = kept.flatMap { Array($0.file.utf8) }
    guard kept.count <= BundleLimits.signatureCount, bytes.count <= BundleLimits.signaturesBytes
    else {
      throw RequestFailure(
        .tooManySignatures, "a bundle holds at most \(BundleLimits.signatureCount) signatures")
    }
    let input = FilePath(path)
    let destination = output.map { FilePath($0) } ?? Files.resolved(input) ?? input
    let file = try OutputFile(besides: destination)
    file.setMode(bundle.file.mode)
    let header = BundleHeader(
      manifestLength: bundle.header.manifestLength, signaturesLength: bytes.count,
      tablesLength: bundle.header.tablesLength)
    try file.append(header.encoded + bundle.manifestBytes + bytes)
    let start = bundle.header.tablesOffset
    try file.append(bundle.file.descriptor, from: start, length: bundle.length - start)
    try file.publish(replacing: true)
  }
}
