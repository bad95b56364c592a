/// What can be wrong with the bytes of a bundle.
public enum BundleCode: String, FailureCode {
  public static var domain: FailureDomain { .bundle }

  case notABundle = "not_a_bundle"
  /// The magic shows that a transfer changed line ends.
  case textModeDamage = "text_mode_damage"
  case formatTooNew = "format_too_new"
  case lengthOutOfRange = "length_out_of_range"
  case truncated
  case trailingData = "trailing_data"
  case malformedManifest = "malformed_manifest"
  case damagedTable = "damaged_table"
  case malformedTable = "malformed_table"
  case damagedFrame = "damaged_frame"
  /// The payload is whole, and yet does not decode to the image that was signed.
  case wrongContent = "wrong_content"
}

public typealias BundleFailure = Failure<BundleCode>

extension Failure where Code == BundleCode {
  static let fetchAgain = "fetch the bundle again, and tell its publisher if that does not help"

  static func damaged(_ code: BundleCode, _ message: String) -> BundleFailure {
    BundleFailure(code, message, hint: fetchAgain)
  }

  public static func truncated(at offset: UInt64, expected: UInt64) -> BundleFailure {
    damaged(.truncated, "the bundle ends after \(offset) of \(expected) bytes")
  }
}
