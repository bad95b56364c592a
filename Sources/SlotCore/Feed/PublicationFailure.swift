/// Why a publisher's change of a feed is refused.
public enum PublicationCode: String, FailureCode {
  public static var domain: FailureDomain { .feed }

  case feedExists = "feed_exists"
  case wrongProduct = "wrong_product"
  case unknownChannel = "unknown_channel"
  case unknownRelease = "unknown_release"
  case unknownRole = "unknown_role"
  case unknownKey = "unknown_key"
  case releaseExists = "release_exists"
  case sequenceTaken = "sequence_taken"
  case belowFloor = "below_floor"
  case withdrawn
  /// A device would lose a release that it was offered.
  case takesBack = "takes_back"
  case invalidValue = "invalid_value"
  case tooLarge = "too_large"
  /// A role that nobody could sign for.
  case tooFewKeys = "too_few_keys"
  case keyExists = "key_exists"
  case keyWithdrawn = "key_withdrawn"
  case signaturesMissing = "signatures_missing"
  case nothingStaged = "nothing_staged"
  /// The staged change was begun from an older state of the feed.
  case stale
  case clockBehind = "clock_behind"
}

public typealias PublicationFailure = Failure<PublicationCode>
