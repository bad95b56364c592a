import SlotCore
import Testing

@Suite struct TreeCheckerTests {
  private func entry(
    _ path: String, _ kind: TreeEntry.Kind = .file(size: 0), mode: Int = 0o644
  ) -> TreeEntry {
    TreeEntry(path: Array(path.utf8), kind: kind, mode: mode)
  }

  private func link(_ path: String, _ target: String) -> TreeEntry {
    entry(path, .link(target: Array(target.utf8)), mode: 0o777)
  }

  private let folder = TreeEntry(path: Array("d".utf8), kind: .folder, mode: 0o755)

  /// The code of the refusal of the last of `entries`.
  private func refusal(
    _ entries: [TreeEntry], _ content: TreeContent = TreeContent(entries: 100, bytes: 100),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> TreeCode? {
    var checker = TreeChecker(content)
    for entry in entries.dropLast() { _ = try checker.take(entry) }
    return code(sourceLocation: sourceLocation) {
      if let last = entries.last { _ = try checker.take(last) }
    }
  }

  // MARK: - What is taken

  @Test func aPlainTreeIsTaken() throws {
    var checker = TreeChecker(TreeContent(entries: 6, bytes: 7))
    let root = try checker.take(entry("./", .folder, mode: 0o755))
    #expect(root.path == "")
    #expect(try checker.take(entry("./d/", .folder, mode: 0o755)).path == "d")
    let file = try checker.take(entry("d/ü", .file(size: 7), mode: 0o755))
    #expect(file.path == "d/ü")
    #expect(file.kind == .file(size: 7))
    #expect(file.mode == 0o755)
    #expect(try checker.take(link("d/l", "../d/ü")).kind == .link(target: "../d/ü"))
    #expect(try checker.take(link("d/m", "./ü")).kind == .link(target: "./ü"))
    #expect(
      try checker.take(entry("h", .hardLink(target: Array("./d/ü".utf8)))).kind
        == .hardLink(to: "d/ü"))
    #expect(throws: Never.self) { try checker.finish() }
  }

  @Test func whatIsAnnouncedMayDoMore() throws {
    let content = TreeContent(
      entries: 1, bytes: 0,
      privileges: [TreeContent.Privilege(path: "su", mode: 0o4755, capability: [1])])
    var file = entry("su", mode: 0o4755)
    #expect(try refusal([file], content) == .unannouncedPrivilege)
    file.capability = [1]
    var checker = TreeChecker(content)
    #expect(try checker.take(file).mode == 0o4755)
    file.mode = 0o6755
    #expect(try refusal([file], content) == .unannouncedPrivilege)
    #expect(try refusal([entry("su", .folder, mode: 0o4755)], content) == .unannouncedPrivilege)
    // What was announced and does not come is not what was signed.
    var other = TreeChecker(content)
    _ = try other.take(entry("x"))
    #expect(code { try other.finish() } == TreeCode.incompleteTree)
  }

  // MARK: - Paths

  @Test func pathsThatLeadOutside() throws {
    #expect(try refusal([entry("/etc/passwd")]) == .absolutePath)
    #expect(try refusal([entry("../x")]) == .parentPath)
    #expect(try refusal([folder, entry("d/../../x")]) == .parentPath)
    #expect(try refusal([folder, entry("d/..")]) == .parentPath)
  }

  @Test(arguments: ["", "a//b", "a/./b"])
  func pathsThatAreNotPlain(path: String) throws {
    #expect(try refusal([entry(path)]) == .malformedArchive)
  }

  @Test func namesThatAreNotUnicode() throws {
    #expect(try refusal([TreeEntry(path: [0x61, 0xFF], kind: .folder)]) == .nameNotUnicode)
    #expect(try refusal([TreeEntry(path: [0x61, 0], kind: .folder)]) == .nameNotUnicode)
    let target = TreeEntry(path: Array("l".utf8), kind: .link(target: [0xC0, 0xAF]))
    #expect(try refusal([target]) == .nameNotUnicode)
  }

  @Test func namesThatAreTooLong() throws {
    #expect(
      try refusal([entry(String(repeating: "a", count: TreeLimits.componentBytes + 1))])
        == .nameTooLong)
    let deep = Array(repeating: "d", count: TreeLimits.depth + 1).joined(separator: "/")
    #expect(try refusal([entry(deep)]) == .nameTooLong)
  }

  @Test func noPathLeadsThroughALink() throws {
    #expect(try refusal([link("l", "d"), entry("l/x")]) == .noFolder)
    #expect(try refusal([entry("f"), entry("f/x")]) == .noFolder)
    #expect(try refusal([entry("d/x")]) == .noFolder)
  }

  @Test func nothingStandsInItTwice() throws {
    #expect(try refusal([entry("a"), entry("a")]) == .duplicateEntry)
    #expect(try refusal([entry("a"), entry("./a")]) == .duplicateEntry)
    #expect(try refusal([folder, link("d", "x")]) == .duplicateEntry)
    #expect(try refusal([link("l", "x"), entry("l")]) == .duplicateEntry)
    #expect(try refusal([entry(".", .folder), entry("./", .folder)]) == .duplicateEntry)
    #expect(try refusal([entry(".", .file(size: 0))]) == .duplicateEntry)
  }

  // MARK: - Links

  @Test(arguments: ["/etc/passwd", "../x", "d/../../x", "d/..", "..", ""])
  func linksThatLeadOutside(target: String) throws {
    #expect(try refusal([link("l", target)]) == .linkOutside)
  }

  @Test func linksGoUpNoFurtherThanToTheRoot() throws {
    var checker = TreeChecker(TreeContent(entries: 9, bytes: 0))
    _ = try checker.take(folder)
    #expect(throws: Never.self) { try checker.take(link("d/up", "..")) }
    #expect(try refusal([folder, link("d/l", "../../x")]) == .linkOutside)
    // Over the link to the root this would lead outside, whatever it looks like.
    #expect(try refusal([folder, link("d/up", ".."), link("d/l", "up/../x")]) == .linkOutside)
  }

  @Test func hardLinksLeadToFilesThatCameBefore() throws {
    func hard(_ target: String) -> TreeEntry { entry("h", .hardLink(target: Array(target.utf8))) }
    #expect(try refusal([hard("f")]) == .linkOutside)
    #expect(try refusal([hard("h")]) == .linkOutside)
    #expect(try refusal([folder, hard("d")]) == .linkOutside)
    #expect(try refusal([link("l", "x"), hard("l")]) == .linkOutside)
    #expect(try refusal([hard("/etc/passwd")]) == .absolutePath)
    #expect(try refusal([hard("../f")]) == .parentPath)
  }

  // MARK: - Kinds and sizes

  @Test func onlyFilesFoldersAndLinks() throws {
    #expect(try refusal([entry("x", .other("a device"))]) == .forbiddenType)
    var sparse = entry("x", .file(size: 10))
    sparse.isSparse = true
    #expect(try refusal([sparse]) == .sparseFile)
    var attribute = entry("x")
    attribute.attribute = "user.x"
    #expect(try refusal([attribute]) == .forbiddenAttribute)
  }

  @Test(arguments: [0o4755, 0o2755, 0o1755])
  func rightsThatWereNotAnnounced(mode: Int) throws {
    #expect(try refusal([entry("x", mode: mode)]) == .unannouncedPrivilege)
    #expect(try refusal([entry("x", .folder, mode: mode)]) == .unannouncedPrivilege)
  }

  @Test func capabilitiesThatWereNotAnnounced() throws {
    var file = entry("x")
    file.capability = [1, 2]
    #expect(try refusal([file]) == .unannouncedPrivilege)
  }

  @Test func noMoreThanAnnounced() throws {
    let content = TreeContent(entries: 2, bytes: 10)
    #expect(try refusal([entry("a"), entry("b"), entry("c")], content) == .tooManyEntries)
    #expect(
      try refusal([entry("a", .file(size: 6)), entry("b", .file(size: 5))], content)
        == .tooManyBytes)
    #expect(try refusal([entry("a", .file(size: .max))], content) == .tooManyBytes)
    #expect(try refusal([entry("a", .file(size: -1))], content) == .tooManyBytes)
  }

  @Test func noLessThanAnnounced() throws {
    var checker = TreeChecker(TreeContent(entries: 1, bytes: 1))
    #expect(code { try checker.finish() } == TreeCode.incompleteTree)
    _ = try checker.take(entry("a"))
    #expect(code { try checker.finish() } == TreeCode.incompleteTree)
    var other = TreeChecker(TreeContent(entries: 2, bytes: 0))
    _ = try other.take(entry("a"))
    #expect(code { try other.finish() } == TreeCode.incompleteTree)
  }
}
