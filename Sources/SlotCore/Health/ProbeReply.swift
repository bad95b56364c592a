/// What came of one request to the health endpoint.
public enum ProbeReply: Equatable, Sendable {
  /// A whole answer; `body` has at most `maximumBody` bytes.
  case reply(status: Int, body: [UInt8])
  /// An answer whose head or body is longer than `maximumBody`.
  case oversize(status: Int)
  case refused
  case timedOut(seconds: Int)
  /// The host name has no address.
  case unresolved
  case notHTTP
  /// Anything else, in the words of the library that asked.
  case failed(String)

  /// Bytes: far more than a list of services needs.
  public static let maximumBody = 64 << 10
}

/// Healthy, or one sentence why not: printable ASCII, at most `ReasonText.maximumLength` bytes.
public enum CheckResult: Equatable, Sendable {
  case healthy
  case unhealthy(reason: String)
}

extension ProbeReply {
  /// - Parameter name: what the endpoint is called in a reason, such as `/health/ready`.
  public func result(of name: String) -> CheckResult {
    switch self {
    // The status decides, and the body only tells why not.
    case .reply(200, _), .oversize(200): .healthy
    case .reply(let status, let body):
      .unhealthy(reason: ReasonText.line(ProbeReply.reason(name, status, body)))
    default: .unhealthy(reason: ReasonText.line(sentence(of: name)))
    }
  }

  private func sentence(of name: String) -> String {
    switch self {
    case .reply(let status, _): "\(name) answered \(status)"
    case .oversize(let status):
      "\(name) answered \(status) with more than \(ProbeReply.maximumBody >> 10) KiB"
    case .refused: "nothing listens for \(name)"
    case .timedOut(let seconds): "\(name) did not answer within \(seconds) s"
    case .unresolved: "the host of \(name) is unknown"
    case .notHTTP: "\(name) answered something that is not HTTP"
    case .failed(let words): "\(name) cannot be asked: \(words)"
    }
  }

  private static func reason(_ name: String, _ status: Int, _ body: [UInt8]) -> String {
    let plain = "\(name) answered \(status)"
    guard !body.isEmpty else { return plain }
    let limits = JSONLimits(byteCount: maximumBody, depth: 8, valueCount: 4096)
    guard let document = try? JSONParser.parse(body, limits: limits) else {
      return "\(plain), and not in JSON"
    }
    return HealthDocument(document).complaint ?? plain
  }
}
