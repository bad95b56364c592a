/// Why a feed does not give what it was asked for.
public enum FeedCode: String, FailureCode {
  public static var domain: FailureDomain { .feed }

  // Metadata.
  case malformed = "malformed_metadata"
  case unsupportedSpecification = "unsupported_specification"
  case belowThreshold = "below_threshold"
  case wrongVersion = "wrong_version"
  case rollback
  case expired
  case wrongLength = "wrong_length"
  case wrongHash = "wrong_hash"
  /// The snapshot does not name the role.
  case notListed = "not_listed"
  /// The roles before this one are not trusted yet.
  case outOfOrder = "out_of_order"
  case noTarget = "no_target"
  case noRoot = "no_root"
  case ioFailed = "io_failed"

  // What the metadata vouch for.
  case malformedIndex = "malformed_index"
  case malformedKeys = "malformed_keys"
  case indexTooNew = "index_too_new"
  case wrongChannel = "wrong_channel"
  case wrongProduct = "wrong_product"
  case noFeed = "no_feed"
  case unknownChannel = "unknown_channel"
  case unknownRelease = "unknown_release"
  case withdrawn
  case notOffered = "not_offered"
  case wrongManifest = "wrong_manifest"
  case damagedSettings = "damaged_settings"
}

public typealias FeedFailure = Failure<FeedCode>

extension Failure where Code == FeedCode {
  private static let tellThePublisher =
    "try again later, and tell the feed's publisher if it stays so"

  static func refused(_ code: FeedCode, _ sentence: String) -> FeedFailure {
    FeedFailure(code, sentence, hint: tellThePublisher)
  }

  /// `role` comes from the feed.
  static func malformed(_ role: String, _ what: String) -> FeedFailure {
    refused(.malformed, "the feed's \(role.printable) metadata is malformed: \(what.printable)")
  }
}
