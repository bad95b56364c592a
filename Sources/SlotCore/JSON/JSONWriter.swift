extension JSONValue {
  /// Compact JSON: no white space, members in their order, only what must be escaped escaped.
  public var compact: String {
    var text = ""
    write(to: &text, indent: nil)
    return text
  }

  /// Indented JSON with a final newline, for files that people read.
  public var pretty: String {
    var text = ""
    write(to: &text, indent: 0)
    return text + "\n"
  }

  private func write(to text: inout String, indent: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value
    case .string(let value): JSONValue.quote(value, to: &text)
    case .array(let items):
      JSONValue.list(items, "[", "]", to: &text, indent: indent) { item, text, inner in
        item.write(to: &text, indent: inner)
      }
    case .object(let members):
      JSONValue.list(members, "{", "}", to: &text, indent: indent) { member, text, inner in
        JSONValue.quote(member.name, to: &text)
        text += inner == nil ? ":" : ": "
        member.value.write(to: &text, indent: inner)
      }
    }
  }

  private static func list<Item>(
    _ items: [Item], _ open: String, _ close: String, to text: inout String, indent: Int?,
    write: (Item, inout String, Int?) -> Void
  ) {
    func breakLine(_ level: Int?) {
      if let level { text += "\n" + String(repeating: "  ", count: level) }
    }
    text += open
    let inner = indent.map { $0 + 1 }
    for (index, item) in items.enumerated() {
      if index > 0 { text += "," }
      breakLine(inner)
      write(item, &text, inner)
    }
    if !items.isEmpty { breakLine(indent) }
    text += close
  }

  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7F}":
        text += "\\u00" + Hex.encode([UInt8(scalar.value)])
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
