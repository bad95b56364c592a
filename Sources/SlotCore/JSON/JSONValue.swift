/// A JSON document (RFC 8259) as a value. Members keep their order, so that a document can be
/// written again as it was read, unknown members included.
public indirect enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  /// A number that is no integer of 64 bits, as it was written: kept, never calculated with.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }
}

public struct JSONMember: Hashable, Sendable {
  public let name: String
  public let value: JSONValue

  public init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

extension JSONValue {
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }
  public var integerValue: Int64? {
    if case .integer(let value) = self { value } else { nil }
  }
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }
  public var members: [JSONMember]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// An object of the members whose value is there.
  public static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
    .object(members.compactMap { name, value in value.map { JSONMember(name, $0) } })
  }

  public static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }

  /// This object with `updates` in place, and every other member kept as it is. A nil removes one.
  public func merging(_ updates: KeyValuePairs<String, JSONValue?>) -> JSONValue {
    var result = members ?? []
    for (name, value) in updates {
      let index = result.firstIndex { $0.name == name }
      switch (index, value) {
      case (let index?, let value?): result[index] = JSONMember(name, value)
      case (let index?, nil): result.remove(at: index)
      case (nil, let value?): result.append(JSONMember(name, value))
      case (nil, nil): break
      }
    }
    return .object(result)
  }
}

extension Optional where Wrapped == String {
  public var json: JSONValue? { map { .string($0) } }
}
