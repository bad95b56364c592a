public import SlotCore

/// What can be wrong with where a bundle comes from.
public enum SourceCode: String, FailureCode {
  public static var domain: FailureDomain { .source }

  case notFound = "not_found"
  case unreadable
  case badAddress = "bad_address"
  case unreachable
  case timedOut = "timed_out"
  case httpStatus = "http_status"
  case certificate
  case tooManyRedirects = "too_many_redirects"
  case broken
  /// The server's file is no longer the one that this fetch began with.
  case changed
  /// More comes than there may be.
  case tooLong = "too_long"
}

public typealias SourceFailure = Failure<SourceCode>
