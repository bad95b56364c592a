/// The JSON that a health endpoint answers with: `{"status": ..., "services": {NAME: STATE, ...}}`, where a
/// state is a word, a boolean, or an object with `status`, `error` or `message`.
///
/// It is written by the services that are being judged, so nothing in it is relied on but as words.
struct HealthDocument {
  /// More services than these are only counted.
  private static let shownServices = 3
  private static let goodWords: Set = ["healthy", "ok", "up", "ready", "running", "pass"]
  /// Where an object tells why, the most telling first.
  private static let reasonNames = ["error", "reason", "message"]

  private let document: JSONValue

  init(_ document: JSONValue) { self.document = document }

  /// What is wrong, such as `gateway failed to start, vault sealed`; nil when the document does not say.
  var complaint: String? {
    let services = document["services"]?.members ?? []
    let bad = services.compactMap { service in
      HealthDocument.complaint(of: service.value).map {
        "\(ReasonText.line(service.name, limit: 32)) \($0)"
      }
    }
    guard !bad.isEmpty else { return HealthDocument.reason(in: document) }
    let shown = bad.prefix(HealthDocument.shownServices).joined(separator: ", ")
    let rest = bad.count - HealthDocument.shownServices
    return rest > 0 ? "\(shown) and \(rest) more" : shown
  }

  /// What a service's state says is wrong; nil for a good one.
  private static func complaint(of state: JSONValue) -> String? {
    switch state {
    case .bool(true): return nil
    case .string(let word): return complaint(word)
    case .object:
      guard let status = state["status"] else { return reason(in: state) ?? "unhealthy" }
      return complaint(of: status).map { reason(in: state) ?? $0 }
    default: return "unhealthy"
    }
  }

  private static func complaint(_ word: String) -> String? {
    // A word long enough to be cut is not a good one.
    let text = ReasonText.line(word, limit: 64)
    if goodWords.contains(text.lowercased()) { return nil }
    return text.isEmpty ? "unhealthy" : text
  }

  private static func reason(in object: JSONValue) -> String? {
    reasonNames.lazy.compactMap { object[$0]?.stringValue }
      .map { ReasonText.line($0, limit: 100) }.first { !$0.isEmpty }
  }
}
