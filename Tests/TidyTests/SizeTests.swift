import Testing

/// Files and functions stay short enough to be read whole.
struct SizeTests {
  static let maximumFileLines = 500
  static let maximumMedianFileLines = 150
  static let maximumFunctionLines = 70

  static func lineCount(_ text: String) -> Int {
    text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
  }

  static func median(_ values: [Int]) -> Int {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }

  static func longFunctions(_ source: String) -> [String] {
    SwiftText(source).functions.filter { $0.lineCount > maximumFunctionLines }.map(\.name)
  }

  @Test func noSourceFileIsLong() throws {
    let files = try Repository.files(
      in: "Sources", "Tests", suffixes: [".swift", ".c", ".cpp", ".h", ".py"])
    #expect(
      files.filter { SizeTests.lineCount($0.value) > SizeTests.maximumFileLines }.keys.sorted()
        == [])
  }

  @Test(arguments: ["Sources", "Tests"])
  func mostFilesAreShort(folder: String) throws {
    let files = try Repository.files(in: folder, suffixes: [".swift"])
    #expect(!files.isEmpty)
    #expect(
      SizeTests.median(files.values.map(SizeTests.lineCount)) <= SizeTests.maximumMedianFileLines)
  }

  @Test func noFunctionIsLong() throws {
    let files = try Repository.files(in: "Sources", "Tests", suffixes: [".swift"])
    let functions = files.mapValues { SwiftText($0).functions }
    // Far more than could be missed by a scanner that gets lost at a brace.
    #expect(functions.values.map(\.count).reduce(0, +) > 300)
    for (path, source) in files {
      #expect(SizeTests.longFunctions(source) == [], "\(path)")
    }
  }

  @Test func aLongFunctionIsSeen() {
    let brace = "\"}\" + \"\\(values.map { \"{\" })\" + #\"\\(}\"# // }\n"
    func source(lines: Int) -> String {
      "protocol P {\n  func none() -> Int\n}\nstruct S {\n  private static func long(\n    _ x: Int\n  ) -> Int\n  {\n"
        + String(repeating: "    let y = \(brace)", count: lines) + "  }\n  func short() { 1 }\n}\n"
    }
    #expect(SizeTests.longFunctions(source(lines: 65)) == [])
    #expect(SizeTests.longFunctions(source(lines: 66)) == ["long"])
    #expect(SwiftText(source(lines: 1)).functions.map(\.name) == ["long", "short"])
    #expect(SizeTests.lineCount("a\nb\n") == 2)
    #expect(SizeTests.median([1, 200, 3]) == 3)
  }
}
