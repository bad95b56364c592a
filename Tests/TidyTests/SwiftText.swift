/// Swift source with the contents of comments and strings blanked, line by line as before, so that braces
/// and words of code can be counted. Code inside interpolations stays.
struct SwiftText {
  let lines: [String]

  init(_ source: String) {
    var scanner = Scanner(Array(source))
    scanner.run()
    lines = String(scanner.output).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }

  struct Function: Equatable {
    let name: String
    let startLine: Int
    let lineCount: Int
    let body: String
  }

  /// Functions, initialisers and deinitialisers with a body.
  var functions: [Function] {
    lines.indices.compactMap { index in
      let words = lines[index].split { " (<?!".contains($0) }.map(String.init)
      guard let keyword = words.firstIndex(where: { ["func", "init", "deinit"].contains($0) }),
        words[..<keyword].allSatisfy(SwiftText.isModifier)
      else { return nil }
      let name = words[keyword] == "func" ? words.dropFirst(keyword + 1).first : words[keyword]
      return body(from: index).map {
        Function(
          name: name ?? "", startLine: index + 1, lineCount: $0.count,
          body: $0.joined(separator: "\n"))
      }
    }
  }

  private static func isModifier(_ word: String) -> Bool {
    word.hasPrefix("@")
      || [
        "public", "private", "internal", "fileprivate", "package", "static", "mutating",
        "borrowing",
        "consuming", "override", "convenience", "required", "final", "nonisolated", "indirect",
        "private(set)", "let", "async",
      ].contains(word)
  }

  /// The lines from a declaration to the end of its body; nil when it has none, as in a protocol.
  private func body(from start: Int) -> [String]? {
    var parentheses = 0
    var braces = 0
    for index in start..<lines.count {
      for character in lines[index] {
        switch character {
        case "(", "[": parentheses += 1
        case ")", "]": parentheses -= 1
        case "{": braces += 1
        case "}":
          braces -= 1
          if braces == 0, parentheses == 0 { return Array(lines[start...index]) }
        default: break
        }
      }
      let isOpen = braces > 0 || parentheses > 0
      if !isOpen, !continues(index + 1) { return nil }
    }
    return nil
  }

  private func continues(_ index: Int) -> Bool {
    guard index < lines.count else { return false }
    let line = lines[index].drop { $0 == " " }
    return ["{", "->", "where ", "throws", "async", ")", "-> "].contains { line.hasPrefix($0) }
  }
}

/// Blanks comments and strings.
private struct Scanner {
  private enum State {
    /// Code; in an interpolation, with its open parentheses.
    case code(Int)
    case string
    case multiline
  }

  private let input: [Character]
  private var position = 0
  private var stack: [State] = [.code(0)]
  private(set) var output: [Character] = []

  init(_ input: [Character]) { self.input = input }

  private func sees(_ text: String) -> Bool {
    input[position...].starts(with: text)
  }

  private mutating func blank(_ count: Int) {
    for _ in 0..<count where position < input.count {
      output.append(input[position] == "\n" ? "\n" : " ")
      position += 1
    }
  }

  mutating func run() {
    while position < input.count {
      switch stack.last {
      case .code(let depth)?: code(depth)
      default: string()
      }
    }
  }

  private mutating func code(_ depth: Int) {
    if sees("//") {
      while position < input.count, input[position] != "\n" { blank(1) }
      return
    }
    if sees("/*") {
      while position < input.count, !sees("*/") { blank(1) }
      return blank(2)
    }
    if sees("#\"") {
      blank(2)
      while position < input.count, !sees("\"#") { blank(1) }
      return blank(2)
    }
    if sees("\"\"\"") {
      stack.append(.multiline)
      return blank(3)
    }
    if input[position] == "\"" {
      stack.append(.string)
      return blank(1)
    }
    if stack.count > 1, input[position] == ")", depth == 0 {
      stack.removeLast()
      return blank(1)
    }
    if input[position] == "(" { stack[stack.count - 1] = .code(depth + 1) }
    if input[position] == ")" { stack[stack.count - 1] = .code(depth - 1) }
    output.append(input[position])
    position += 1
  }

  private mutating func string() {
    if sees("\\(") {
      stack.append(.code(0))
      return blank(2)
    }
    if input[position] == "\\" { return blank(2) }
    let isMultiline = if case .multiline? = stack.last { true } else { false }
    if isMultiline ? sees("\"\"\"") : input[position] == "\"" {
      stack.removeLast()
      return blank(isMultiline ? 3 : 1)
    }
    blank(1)
  }
}
