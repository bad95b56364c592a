internal import CToml
internal import SlotCore

/// One value of a TOML document, with its dotted key and its line.
struct TomlValue {
  enum Content {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case strings([String])
    case other
  }

  let key: String
  var content: Content
  let line: Int
}

/// Reads TOML with toml++ and checks types, so that each error names file, line and key.
struct TomlReader {
  let path: String

  private final class Collector {
    var values: [TomlValue] = []

    func add(_ key: String, _ kind: ktoml_kind, _ text: String, _ integer: Int64, _ line: Int) {
      switch kind {
      case ktoml_string: append(key, .string(text), line)
      case ktoml_integer: append(key, .integer(integer), line)
      case ktoml_boolean: append(key, .boolean(integer != 0), line)
      case ktoml_empty_array: append(key, .strings([]), line)
      case ktoml_string_item:
        if let last = values.last, last.key == key, case .strings(let items) = last.content {
          values[values.count - 1].content = .strings(items + [text])
        } else {
          append(key, .strings([text]), line)
        }
      default: append(key, .other, line)
      }
    }

    private func append(_ key: String, _ content: TomlValue.Content, _ line: Int) {
      values.append(TomlValue(key: key, content: content, line: line))
    }
  }

  /// - Throws: `syntax`.
  mutating func parse(_ bytes: [UInt8]) throws(ConfigurationFailure) -> [TomlValue] {
    try checkDepth(bytes)
    let collector = Collector()
    var message = [CChar](repeating: 0, count: 256)
    var line: UInt32 = 0
    let status = bytes.withUnsafeBytes { document in
      ktoml_parse(
        document.bindMemory(to: CChar.self).baseAddress, document.count,
        { context, key, kind, text, integer, line in
          guard let context, let key, let text else { return }
          Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
            .add(String(cString: key), kind, String(cString: text), integer, Int(line))
        }, Unmanaged.passUnretained(collector).toOpaque(), &message, message.count, &line)
    }
    guard status == 0 else {
      let end = message.firstIndex(of: 0) ?? message.endIndex
      let reason = String(
        decoding: message[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw ConfigurationFailure(
        .syntax, "\(path):\(line): \(reason.printable)", hint: "correct the line")
    }
    return collector.values
  }

  /// Dots in one line, of which a key may have as many parts.
  private static let maximumDots = 64

  /// toml++ bounds how deep values nest, and not the parts of a key. Each is a table in the one before it, and a
  /// hundred thousand of them do not fit on the stack.
  private func checkDepth(_ bytes: [UInt8]) throws(ConfigurationFailure) {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let deep = lines.firstIndex { line in
      line.count { $0 == UInt8(ascii: ".") } > TomlReader.maximumDots
    }
    guard let deep else { return }
    throw ConfigurationFailure(
      .syntax, "\(path):\(deep + 1): more than \(TomlReader.maximumDots) dots in a line",
      hint: "correct the line")
  }

  func failure(
    _ code: ConfigurationCode, _ value: TomlValue, _ reason: String
  ) -> ConfigurationFailure {
    ConfigurationFailure(
      code, "\(path):\(value.line): '\(value.key.printable)' \(reason)",
      hint: "the keys and their types stand in docs/operators.md")
  }

  func string(_ value: TomlValue) throws(ConfigurationFailure) -> String {
    guard case .string(let text) = value.content else {
      throw failure(.wrongType, value, "has to be a string")
    }
    return text
  }

  func strings(_ value: TomlValue) throws(ConfigurationFailure) -> [String] {
    guard case .strings(let items) = value.content, !items.isEmpty else {
      throw failure(.wrongType, value, "has to be a list of strings, with at least one")
    }
    return items
  }

  func name(_ value: TomlValue) throws(ConfigurationFailure) -> String {
    let text = try string(value)
    guard Name.isValid(text) else {
      throw failure(.wrongValue, value, "has to be 1 to 64 of A-Z a-z 0-9 . _ + ~ : , -")
    }
    return text
  }

  func names(_ value: TomlValue) throws(ConfigurationFailure) -> [String] {
    let items = try strings(value)
    guard items.allSatisfy(Name.isValid) else {
      throw failure(.wrongValue, value, "has to be names of 1 to 64 of A-Z a-z 0-9 . _ + ~ : , -")
    }
    return items
  }

  func path(_ value: TomlValue) throws(ConfigurationFailure) -> String {
    let text = try string(value)
    guard text.hasPrefix("/") else {
      throw failure(.wrongValue, value, "has to be an absolute path")
    }
    return text
  }

  /// An address, or nothing.
  func httpAddress(_ value: TomlValue) throws(ConfigurationFailure) -> String {
    let text = try string(value)
    guard text.isEmpty || text.hasPrefix("http://") || text.hasPrefix("https://") else {
      throw failure(.wrongValue, value, "has to begin with http:// or https://, or be empty")
    }
    return text
  }

  func integer(
    _ value: TomlValue, in range: ClosedRange<Int>
  ) throws(ConfigurationFailure) -> Int {
    guard case .integer(let number) = value.content else {
      throw failure(.wrongType, value, "has to be an integer")
    }
    guard let exact = Int(exactly: number), range.contains(exact) else {
      throw failure(
        .wrongValue, value, "has to be from \(range.lowerBound) to \(range.upperBound)")
    }
    return exact
  }
}
