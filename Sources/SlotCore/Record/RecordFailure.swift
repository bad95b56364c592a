extension RecordEvent {
  /// What the record says of a command that ended with `failure`; nil for what tells nothing of updates: wrong
  /// arguments, another command at work, not root, no feed to ask.
  ///
  /// - Parameter isCheck: the feed was only asked.
  public init?(_ failure: any ActionableError, isCheck: Bool = false, version: String? = nil) {
    if let failure = failure as? FeedFailure, failure.code == .noFeed { return nil }
    let kind: Kind
    switch failure.domain {
    case .usage, .lock, .permission, .mode: return nil
    case .cancelled where isCheck: return nil
    case .cancelled: kind = .interrupted
    case .trust, .feed, .bundle:
      kind = RecordEvent.isTampering(failure) ? .tampering : isCheck ? .checkFailed : .refused
    case .policy: kind = .refused
    case .source, .slot, .bootControl, .ledger, .configuration, .output, .health, .service,
      .system:
      kind = isCheck ? .checkFailed : .failed
    }
    self.init(kind, version: version, reason: failure.message, code: failure.qualifiedCode)
  }

  /// Something signed does not hold, or is older than what was known: neither a wrong file nor a broken connection
  /// explains it. A frame that is damaged, or a length that is wrong, may be either, and is not counted.
  private static func isTampering(_ failure: any ActionableError) -> Bool {
    if let failure = failure as? TrustFailure { return failure.code == .badSignature }
    guard let failure = failure as? FeedFailure else { return false }
    return switch failure.code {
    case .belowThreshold, .wrongVersion, .rollback, .wrongHash, .wrongManifest: true
    default: false
    }
  }
}

extension ActionableError {
  /// `domain.code`, as the record and `check.json` name an error.
  public var qualifiedCode: String { "\(domain.rawValue).\(codeName)" }
}
