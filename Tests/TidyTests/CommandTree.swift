/// The subcommands and options of an executable, read from its sources.
struct CommandTree {
  let subcommands: [String: [String]]
  let names: [String: String]
  let root: String
  private let sources: String

  /// - Parameter sources: the text of all files of the executable.
  init(executable: String, sources: String) throws {
    var names: [String: String] = [:]
    var subcommands: [String: [String]] = [:]
    var root = ""
    let pieces = sources.split(separator: "struct ").map(String.init)
    for piece in pieces {
      guard let type = try piece.matches(#"\A(\w+): ParsableCommand"#).first else { continue }
      let name = try piece.matches(#"commandName: "([\w-]+)""#).first ?? type.lowercased()
      names[type] = name
      if name == executable { root = type }
      let list = try piece.matches(#"subcommands: \[([^\]]*)\]"#).first ?? ""
      subcommands[type] = try list.matches(#"(\w+)\.self"#)
    }
    (self.names, self.subcommands, self.root, self.sources) = (names, subcommands, root, sources)
  }

  /// What is wrong with a call: the words after the executable's name.
  func problem(_ words: [String]) throws -> String? {
    var type = root
    for word in words {
      let children = subcommands[type] ?? []
      guard !children.isEmpty, word != "help", !word.hasPrefix("-") else { break }
      guard try !word.matches(#"\A[a-z][a-z-]*\z"#).isEmpty else { break }
      guard let next = children.first(where: { names[$0] == word }) else {
        return "no subcommand \(word)"
      }
      type = next
    }
    for word in words where word.hasPrefix("--") && !hasOption(word) { return "no option \(word)" }
    return nil
  }

  private func hasOption(_ word: String) -> Bool {
    let option = word.dropFirst(2)
    if ["help", "version", "generate-completion-script"].contains(option) { return true }
    if sources.contains("customLong(\"\(option)\")") { return true }
    let positive = option.hasPrefix("no-") ? option.dropFirst(3) : option
    return [option, positive].contains { name in
      let parts = name.split(separator: "-")
      let property = parts.enumerated()
        .map {
          $0.offset == 0
            ? String($0.element) : $0.element.prefix(1).uppercased() + $0.element.dropFirst()
        }.joined()
      return ["var \(property):", "var \(property) ", "var `\(property)`:"]
        .contains { sources.contains($0) }
    }
  }
}
