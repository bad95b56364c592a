@testable internal import SlotCore

/// minisign's files.
let trustTargets = [
  FuzzTarget(name: "signature", maximumLength: 4096, body: fuzzSignature),
  FuzzTarget(name: "public-key", maximumLength: 512, body: fuzzPublicKey),
  FuzzTarget(name: "secret-key", maximumLength: 512, body: fuzzSecretKey),
]

@Sendable private func fuzzSignature(_ bytes: [UInt8]) throws {
  let signatures = try Signature.parse(bytes)
  require((1...BundleLimits.signatureCount).contains(signatures.count), "signatures are bounded")
  let written = signatures.map(\.file).joined()
  require(
    try Signature.parse(Array(written.utf8)) == signatures,
    "signatures are written as they were read"
  )
  for signature in signatures {
    // The message of the seeds is the empty one; what was changed must not verify.
    let isOurs = signature.isValid(for: [], key: FuzzKey.key.publicKey)
    require(!isOurs || signature.trustedComment == "sample", "only what was signed verifies")
  }
}

@Sendable private func fuzzPublicKey(_ bytes: [UInt8]) throws {
  let key = try PublicKey(file: String(decoding: bytes, as: UTF8.self))
  require(try PublicKey(file: key.file) == key, "a key is written as it was read")
  require(key.id.description.isPlain, "its name is hexadecimal")
  _ = key.verifies([UInt8](repeating: 1, count: 64), of: bytes)
}

@Sendable private func fuzzSecretKey(_ bytes: [UInt8]) throws {
  let text = String(decoding: bytes, as: UTF8.self)
  guard try !SecretKey.needsPassword(file: text) || isCheap(text) else { return }
  let key = try SecretKey(file: text, password: Array("secret".utf8))
  let again = try SecretKey(file: key.file(password: nil), password: nil)
  require(again.publicKey == key.publicKey, "a key is written as it was read")
  let signature = key.sign(bytes, trustedComment: "fuzz")
  require(try Signature(lines: lines(signature)[...]) == signature, "what it signs can be read")
}

private func lines(_ signature: Signature) -> [String] {
  signature.file.split(separator: "\n").map(String.init)
}

/// Whether the password's stream takes milliseconds. What it may cost at most is a bound of its own, and seconds
/// for each input would find nothing.
private func isCheap(_ file: String) -> Bool {
  guard let line = file.split(whereSeparator: \.isNewline).last,
    let bytes = Base64.decode(line.trimmed), bytes.count > 54
  else { return true }
  let operations: UInt64 = LittleEndian.decode(bytes, at: 38)
  let memory: UInt64 = LittleEndian.decode(bytes, at: 46)
  let isRefused = operations > 33_554_432 || memory > 1 << 30
  return isRefused || (operations <= 32_768 && memory <= 1 << 24)
}
