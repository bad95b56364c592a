/// Why a signature or a key is not accepted.
public enum TrustCode: String, FailureCode {
  public static var domain: FailureDomain { .trust }

  case unsigned
  case malformedSignature = "malformed_signature"
  case legacySignature = "legacy_signature"
  case unknownKey = "unknown_key"
  case badSignature = "bad_signature"
  case malformedKey = "malformed_key"
  case noKeys = "no_keys"
  case withdrawalsUnreadable = "withdrawals_unreadable"
  case wrongPassword = "wrong_password"
}

public typealias TrustFailure = Failure<TrustCode>
