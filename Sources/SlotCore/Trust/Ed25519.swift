internal import CSodium

/// Ed25519 (RFC 8032) by libsodium.
enum Ed25519 {
  static let keyBytes = Int(crypto_sign_publickeybytes())
  static let signatureBytes = Int(crypto_sign_bytes())

  /// `crypto_sign_verify_detached(3)`: libsodium refuses small-order keys and non-canonical values.
  static func isValid(_ signature: [UInt8], of message: [UInt8], key: [UInt8]) -> Bool {
    signature.count == signatureBytes && key.count == keyBytes
      && crypto_sign_verify_detached(signature, message, UInt64(message.count), key) == 0
  }
}
