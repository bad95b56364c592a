import Foundation
import Testing

/// Nothing is in the repository that cannot be reviewed, and no test passes by asserting nothing.
struct HygieneTests {
  @Test func noBinaryFileIsTracked() throws {
    let files = try Repository.tracked()
    #expect(files.contains("Package.swift"))
    let binary = try files.filter {
      try Data(contentsOf: Repository.root.appending(path: $0)).prefix(8000).contains(0)
    }
    #expect(binary == [])
  }

  // MARK: - Tests

  static let expectations =
    #"#expect|#require|Issue\.record|\bconfirmation\(|\b(?:check|expect)[A-Z]?\w*[( ]"#

  /// Names of the tests in a file that expect nothing.
  static func emptyTests(_ source: String) throws -> [String] {
    let text = SwiftText(source)
    return try text.functions.filter { function in
      guard isTest(function, in: text.lines) else { return false }
      return try function.body.matches(expectations).isEmpty
    }.map(\.name)
  }

  /// Whether `@Test` stands before a function: on its line, or above it since the end of what is before.
  private static func isTest(_ function: SwiftText.Function, in lines: [String]) -> Bool {
    var index = function.startLine - 1
    while index >= 0 {
      if lines[index].contains("@Test") { return true }
      let before = index > 0 ? lines[index - 1].filter { $0 != " " } : ""
      if before.isEmpty || before.hasSuffix("}") || before.hasSuffix("{") { return false }
      index -= 1
    }
    return false
  }

  @Test func everyTestExpectsSomething() throws {
    for (path, source) in try Repository.files(in: "Tests", suffixes: [".swift"]) {
      let empty = try HygieneTests.emptyTests(source).joined(separator: " ")
      #expect(empty == "", "\(path)")
    }
  }

  @Test func anEmptyTestIsSeen() throws {
    let source = """
      struct T {
        @Test func nothing() { let x = "#expect(true)" }
        @Test(arguments: [
          (1, "a"), (2, "b"),
        ])
        func nothingEither(_ x: Int, _ y: String) throws {
          // #expect(x == 1)
          _ = helper(x)
        }
        @Test func something() { #expect(1 == 1) }
        @Test func byHelper() throws { try checkAll(1) }
        func helper(_ x: Int) -> Int { x }
      }
      """
    let found = try HygieneTests.emptyTests(source).joined(separator: " ")
    #expect(found == "nothing nothingEither")
  }

  // MARK: - Words

  /// What production code does not do on input, and what no test waits by.
  static let forbidden: [String: [String]] = [
    "Sources": [#"\btry!"#, #"\bas!"#, #"\bfatalError\("#, #"\bpreconditionFailure\("#],
    "Tests": [#"\bsleep\("#, #"\busleep\("#, #"\bTask\.sleep"#, #"\bThread\.sleep"#],
  ]

  static func forbiddenWords(_ source: String, in folder: String) throws -> [String] {
    let code = SwiftText(source).lines.joined(separator: "\n")
    return try (forbidden[folder] ?? []).flatMap { try code.matches($0) }
  }

  @Test(arguments: ["Sources", "Tests"])
  func nothingForbiddenIsDone(folder: String) throws {
    for (path, source) in try Repository.files(in: folder, suffixes: [".swift"]) {
      #expect(try HygieneTests.forbiddenWords(source, in: folder) == [], "\(path)")
    }
  }

  @Test func aForbiddenWordIsSeen() throws {
    #expect(
      try HygieneTests.forbiddenWords("let x = try! f() // try! it", in: "Sources") == ["try!"])
    #expect(try HygieneTests.forbiddenWords("usleep(5); \"sleep(1)\"", in: "Tests") == ["usleep("])
  }

  @Test func noTestImportsAnExecutable() throws {
    for (path, source) in try Repository.files(in: "Tests", suffixes: [".swift"]) {
      let code = SwiftText(source).lines.joined(separator: "\n")
      #expect(try code.matches(#"import krux_\w+"#) == [], "\(path)")
    }
  }
}
