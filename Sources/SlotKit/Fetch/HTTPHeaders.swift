/// What a server said of the file, to see that a later answer is about the same one.
struct HTTPIdentity: Equatable, Sendable {
  var totalLength: UInt64?
  var entityTag: String?
  var lastModified: String?

  /// Whether `other` can be the same file: nothing that both answers state differs.
  func canBe(_ other: HTTPIdentity) -> Bool {
    func agree<Value: Equatable>(_ left: Value?, _ right: Value?) -> Bool {
      left == nil || right == nil || left == right
    }
    return agree(totalLength, other.totalLength) && agree(entityTag, other.entityTag)
      && agree(lastModified, other.lastModified)
  }
}

/// The headers of one answer that are acted on (RFC 9110). Lines of others are not kept.
struct HTTPHeaders: Sendable {
  private(set) var status = 0
  private(set) var identity = HTTPIdentity()
  /// The first byte of the part that a 206 brings.
  private(set) var rangeStart: UInt64?

  /// Takes one header line; a status line begins a new answer, as after a redirect.
  mutating func take(line: String) {
    if line.hasPrefix("HTTP/") {
      self = HTTPHeaders()
      let fields = line.split(separator: " ")
      status = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
      return
    }
    guard line.utf8.count <= 1024, let colon = line.firstIndex(of: ":") else { return }
    let value = String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
    switch line[..<colon].lowercased() {
    case "content-length" where status == 200: identity.totalLength = UInt64(value)
    case "content-range": takeRange(value)
    case "etag" where !value.hasPrefix("W/"): identity.entityTag = value
    case "last-modified": identity.lastModified = value
    default: break
    }
  }

  /// `bytes FIRST-LAST/TOTAL`
  private mutating func takeRange(_ value: String) {
    let fields = value.split { $0 == " " || $0 == "-" || $0 == "/" }
    guard fields.count == 4, fields[0] == "bytes" else { return }
    rangeStart = UInt64(fields[1])
    identity.totalLength = UInt64(fields[3])
  }
}
