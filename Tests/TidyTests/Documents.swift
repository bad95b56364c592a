/// What can be found out about a Markdown text.
enum Documents {
  /// Targets of links that stay in the repository: `guide.md#part` as path and part.
  static func relativeLinks(_ text: String) throws -> [(path: String, anchor: String?)] {
    try prose(text).matches(#"\]\(([^)\s]+)\)"#)
      .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
      .map { link in
        let parts = link.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : nil)
      }
  }

  /// The parts of a text that a link can name, as forges make them from headings.
  static func anchors(_ text: String) throws -> Set<String> {
    Set(
      try prose(text).matches(#"^#+ +(.*)$"#).map { heading in
        String(
          heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
            .map { $0 == " " ? "-" : $0 })
      })
  }

  /// The text without fenced blocks.
  static func prose(_ text: String) -> String {
    text.split(separator: "```", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined()
  }

  /// What stands in fenced blocks and code spans, one piece each; lines that end in `\` joined.
  static func code(_ text: String) throws -> [String] {
    let blocks = text.split(separator: "```", omittingEmptySubsequences: false).enumerated()
      .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
    let joined = blocks.map { block in
      block.split(separator: "\n", omittingEmptySubsequences: false).reduce("") { all, line in
        line.hasSuffix("\\") ? all + line.dropLast() : all + line + "\n"
      }
    }
    return try joined.flatMap { $0.split(separator: "\n").map(String.init) }
      + prose(text).matches(#"`([^`\n]+)`"#)
  }

  /// The text of one section: from its heading to the next one of the same or a higher level.
  static func section(_ title: String, of text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard let start = lines.firstIndex(where: { $0 == "## \(title)" }) else { return "" }
    let rest = lines[(start + 1)...]
    let end = rest.firstIndex { $0.hasPrefix("## ") } ?? rest.endIndex
    return rest[..<end].joined(separator: "\n")
  }

  /// The first cells of a table's rows, without their back-ticks.
  static func rows(_ section: String, cells: Int) -> Set<[String]> {
    Set(
      section.split(separator: "\n").filter { $0.hasPrefix("| ") }.compactMap { line in
        let row = line.split(separator: "|").prefix(cells).map { cell in
          String(
            cell.filter { $0 != "`" }.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        return row.count == cells ? row : nil
      })
  }
}
