import Foundation
import Testing

/// What the documents name exists, and what they have to list is listed.
struct DocumentTests {
  /// `DIR/../x` and the like, from the root of the repository.
  static func resolved(_ link: String, from document: String) -> String {
    var parts = document.split(separator: "/").dropLast().map(String.init)
    for part in link.split(separator: "/").map(String.init) where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return parts.joined(separator: "/")
  }

  static func brokenLinks(_ documents: [String: String], exists: (String) -> Bool) throws
    -> [String]
  {
    var broken: [String] = []
    for (name, text) in documents {
      for link in try Documents.relativeLinks(text) {
        let target = link.path.isEmpty ? name : resolved(link.path, from: name)
        if !exists(target) {
          broken.append("\(name): \(target)")
        } else if let anchor = link.anchor, let linked = documents[target],
          try !Documents.anchors(linked).contains(anchor)
        {
          broken.append("\(name): \(target)#\(anchor)")
        }
      }
    }
    return broken.sorted()
  }

  @Test func everyRelativeLinkResolves() throws {
    let documents = try Repository.documents()
    #expect(documents["docs/operators.md"] != nil)
    let broken = try DocumentTests.brokenLinks(documents, exists: Repository.exists)
    #expect(broken.joined(separator: ", ") == "")
  }

  @Test func aBrokenLinkIsSeen() throws {
    let documents = [
      "docs/a.md": "# One: two\n[x](b.md) [y](../README.md#top) [z](#one-two) [w](#three)",
      "README.md": "# Other\n```\n[no](link.md)\n```\n[web](https://example/x)",
    ]
    let broken = try DocumentTests.brokenLinks(documents) { documents[$0] != nil }
    #expect(
      broken == ["docs/a.md: README.md#top", "docs/a.md: docs/a.md#three", "docs/a.md: docs/b.md"])
  }

  @Test func everyDocumentThatTheSourcesNameExists() throws {
    let files = try Repository.files(in: "Sources", suffixes: [".swift", ".h", ".c", ".cpp"])
    let named = try files.values.flatMap { try $0.matches(#"docs/[a-z0-9/-]+\.md"#) }
    #expect(!named.isEmpty)
    #expect(Set(named).filter { !Repository.exists($0) } == [])
  }

  // MARK: - Commands

  /// The calls of `executable` in pieces of code, as words after its name.
  static func calls(of executable: String, in code: [String]) throws -> [[String]] {
    try code.flatMap { try $0.matches(#"(?:^|[\s/$"'(])\#(executable) +([^|;&#()]*)"#) }
      .map { $0.split { " \n".contains($0) }.map { String($0.split(separator: "=")[0]) } }
  }

  static func tree(_ executable: String) throws -> CommandTree {
    let files = try Repository.files(in: "Sources/\(executable)", suffixes: [".swift"])
    return try CommandTree(
      executable: executable, sources: files.values.joined(separator: "\n"))
  }

  @Test(arguments: [
    ("krux-update", "krux-update"), ("krux-health", "krux-health"),
    ("krux-release", "krux-release"), ("krux update", "krux-update"),
  ])
  func everyCommandThatADocumentNamesExists(words: String, executable: String) throws {
    let tree = try DocumentTests.tree(executable)
    #expect(tree.subcommands.count > 4)
    for (name, text) in try Repository.documents() {
      for call in try DocumentTests.calls(of: words, in: try Documents.code(text)) {
        #expect(try tree.problem(call) == nil, "\(name): \(words) \(call)")
      }
    }
  }

  @Test(arguments: [
    ("`krux-update appply x`", "no subcommand appply"),
    ("`krux-update apply --dry x`", "no option --dry"),
    ("`krux-update apply --no-reboot x`", nil),
    ("```\n$ krux-update apply \\\n  --bad x\n```", "no option --bad"),
    ("`krux-update --version`", nil), ("`krux-update verify --public-key k f`", nil),
  ])
  func aWrongCommandIsSeen(text: String, expected: String?) throws {
    let tree = try DocumentTests.tree("krux-update")
    let calls = try DocumentTests.calls(of: "krux-update", in: try Documents.code(text))
    #expect(try calls.map { try tree.problem($0) } == [expected])
  }

  @Test func theWatchersCommandsAreKnown() throws {
    let tree = try DocumentTests.tree("krux-health")
    #expect(try tree.problem(["check", "--root", "DIR"]) == nil)
    #expect(try tree.problem(["chek"]) == "no subcommand chek")
    #expect(try tree.problem(["run", "--trial"]) == "no option --trial")
  }

  @Test func subcommandsOfSubcommandsAreKnown() throws {
    let tree = try DocumentTests.tree("krux-release")
    #expect(try tree.problem(["bundle", "create", "--image", "x"]) == nil)
    #expect(try tree.problem(["bundle", "make"]) == "no subcommand make")
  }
}
