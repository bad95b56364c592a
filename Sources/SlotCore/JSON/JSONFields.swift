/// The members of one object of a document from outside, each with its type and its bounds. Members that are not asked for
/// are left alone.
struct JSONFields<Code: FailureCode> {
  private let json: JSONValue
  /// What to say of a member, given in quotes, that is missing or wrong.
  private let failure: (String) -> Failure<Code>

  init(_ json: JSONValue, _ failure: @escaping (String) -> Failure<Code>) {
    self.json = json
    self.failure = failure
  }

  func malformed(_ name: String) -> Failure<Code> { failure("'\(name)'") }

  func integer(_ name: String, in range: ClosedRange<Int64>) throws(Failure<Code>) -> Int64 {
    guard let value = json[name]?.integerValue, range.contains(value) else {
      throw malformed(name)
    }
    return value
  }

  func optionalSequence(_ name: String) throws(Failure<Code>) -> Int64? {
    json[name] == nil ? nil : try integer(name, in: BundleLimits.sequence)
  }

  func length(_ name: String, maximum: UInt64) throws(Failure<Code>) -> UInt64 {
    UInt64(try integer(name, in: 0...Int64(maximum)))
  }

  func digest(_ name: String) throws(Failure<Code>) -> Digest {
    guard let digest = json[name]?.stringValue.flatMap(Digest.init(hex:)) else {
      throw malformed(name)
    }
    return digest
  }

  func timestamp(_ name: String) throws(Failure<Code>) -> Timestamp {
    guard let value = json[name]?.stringValue.flatMap({ Timestamp($0) }) else {
      throw malformed(name)
    }
    return value
  }

  func name(_ name: String) throws(Failure<Code>) -> String {
    guard let value = json[name]?.stringValue, Name.isValid(value) else {
      throw malformed(name)
    }
    return value
  }

  /// A text of 1 to `maximum` bytes.
  func text(_ name: String, maximum: Int) throws(Failure<Code>) -> String {
    guard let value = json[name]?.stringValue, (1...maximum).contains(value.utf8.count) else {
      throw malformed(name)
    }
    return value
  }

  func strings(_ name: String, maximum: Int) throws(Failure<Code>) -> [String] {
    guard let items = json[name]?.arrayValue, items.count <= maximum else {
      throw malformed(name)
    }
    let strings = items.compactMap(\.stringValue)
    guard strings.count == items.count else { throw malformed(name) }
    return strings
  }

  func list<Item>(
    _ name: String, maximum: Int, _ decode: (JSONValue) throws(Failure<Code>) -> Item
  ) throws(Failure<Code>) -> [Item] {
    guard let items = json[name]?.arrayValue, items.count <= maximum else {
      throw malformed(name)
    }
    var result: [Item] = []
    for item in items { result.append(try decode(item)) }
    return result
  }
}
