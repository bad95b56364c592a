extension TUF {
  /// The members of one object of metadata, each with its type and its bounds.
  public struct Fields {
    let members: [JSONMember]
    /// What the object is part of, for messages.
    let role: String

    init(_ json: JSONValue?, role: String, _ what: String) throws(FeedFailure) {
      guard let members = json?.members else {
        throw .malformed(role, "'\(what)' missing or wrong")
      }
      self.members = members
      self.role = role
    }

    subscript(name: String) -> JSONValue? { members.first { $0.name == name }?.value }

    func wrong(_ name: String) -> FeedFailure { .malformed(role, "'\(name)' missing or wrong") }

    func object(_ name: String) throws(FeedFailure) -> Fields {
      try Fields(self[name], role: role, name)
    }

    func integer(_ name: String, from least: Int64) throws(FeedFailure) -> Int64 {
      guard let value = self[name]?.integerValue, (least...Limits.integer).contains(value) else {
        throw wrong(name)
      }
      return value
    }

    func string(_ name: String) throws(FeedFailure) -> String {
      guard let value = self[name]?.stringValue else { throw wrong(name) }
      return value
    }

    /// False when it is not there.
    func flag(_ name: String) throws(FeedFailure) -> Bool {
      guard let json = self[name] else { return false }
      guard let value = json.boolValue else { throw wrong(name) }
      return value
    }

    func strings(_ name: String) throws(FeedFailure) -> [String] {
      guard let items = self[name]?.arrayValue else { throw wrong(name) }
      let strings = items.compactMap(\.stringValue)
      guard strings.count == items.count else { throw wrong(name) }
      return strings
    }

    /// Each member of the object `name`, decoded.
    func dictionary<Value>(
      _ name: String, _ decode: (Fields) throws(FeedFailure) -> Value
    ) throws(FeedFailure) -> [String: Value] {
      var result: [String: Value] = [:]
      for member in try object(name).members {
        result[member.name] = try decode(try Fields(member.value, role: role, name))
      }
      return result
    }

    /// What is kept as it is, because this version does not know it.
    func others(_ known: String...) -> [JSONMember] {
      members.filter { !known.contains($0.name) }
    }
  }
}

extension JSONValue {
  /// An object of the members whose value is there, and of `others`.
  static func object(
    _ members: KeyValuePairs<String, JSONValue?>, _ others: [JSONMember]
  ) -> JSONValue {
    .object((object(members).members ?? []) + others)
  }

  /// An object of a dictionary, in the order of its names.
  static func dictionary<Value>(
    _ values: [String: Value], _ encode: (Value) -> JSONValue
  ) -> JSONValue {
    .object(values.sorted { $0.key < $1.key }.map { JSONMember($0.key, encode($0.value)) })
  }
}
