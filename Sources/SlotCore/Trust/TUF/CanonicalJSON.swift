extension JSONValue {
  /// The canonical form that metadata is signed in (OLPC's, as securesystemslib writes it): no white space, members
  /// in the order of their names' code points, only `"` and `\` escaped. Nil where there is a number that is no
  /// integer of 64 bits.
  ///
  /// http://wiki.laptop.org/go/Canonical_JSON
  public var canonical: [UInt8]? {
    var bytes: [UInt8] = []
    return appendCanonical(to: &bytes) ? bytes : nil
  }

  private func appendCanonical(to bytes: inout [UInt8]) -> Bool {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .integer(let value): bytes += String(value).utf8
    case .number: return false
    case .string(let value): JSONValue.quoteCanonical(value, to: &bytes)
    case .array(let items):
      return JSONValue.appendList(items, "[", "]", to: &bytes) { $0.appendCanonical(to: &$1) }
    case .object(let members):
      // UTF-8 sorts as its code points do; Swift's own order of strings is another.
      let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      return JSONValue.appendList(sorted, "{", "}", to: &bytes) { member, bytes in
        JSONValue.quoteCanonical(member.name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        return member.value.appendCanonical(to: &bytes)
      }
    }
    return true
  }

  private static func appendList<Item>(
    _ items: [Item], _ open: Unicode.Scalar, _ close: Unicode.Scalar, to bytes: inout [UInt8],
    append: (Item, inout [UInt8]) -> Bool
  ) -> Bool {
    bytes.append(UInt8(ascii: open))
    for (index, item) in items.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      guard append(item, &bytes) else { return false }
    }
    bytes.append(UInt8(ascii: close))
    return true
  }

  private static func quoteCanonical(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(UInt8(ascii: "\\"))
      }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
