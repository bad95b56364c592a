import Testing

@testable import SlotCore

@Suite struct PathPatternTests {
  /// What Python's `fnmatchcase` says of each part.
  @Test(arguments: [
    ("*", "a", true), ("*", "a/b", false), ("*/*", "a/b", true), ("a?", "ab", true),
    ("a?", "a/", false), ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false),
    ("[!a-c]x", "dx", true), ("[]x", "[]x", true), ("[]]x", "]x", true), ("[a-]", "-", true),
    ("[c-a]", "b", false), ("[!]", "[!]", true), ("[a", "[a", true), ("**b", "aab", true),
    ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false), ("", "", true), ("*", "", true),
    ("a//b", "a//b", true), ("[--0]", ".", true), ("[*]", "*", true), ("[*]", "a", false),
    ("A", "a", false), ("é", "e\u{301}", false), ("?", "💩", true), ("*.tgz", ".tgz", true),
    ("targets/*.tgz", "targets/foo.tgz", true), ("targets/*.tgz", "targets/foo.txt", false),
    ("foo-version-?.tgz", "foo-version-alpha.tgz", false), ("*.tgz", "targets/foo.tgz", false),
    ("a*", "a", true), ("a*?", "a", false),
  ])
  func matchesAsAShellDoes(pattern: String, path: String, expected: Bool) {
    #expect(TUF.PathPattern.matches(pattern, path) == expected)
  }

  /// Where every star were tried again for every other, this would not end.
  @Test func manyStarsTakeNoTime() {
    let pattern = String(repeating: "a*", count: 200) + "b"
    #expect(!TUF.PathPattern.matches(pattern, String(repeating: "a", count: 2000)))
  }

  @Test func hashPrefixesAreThoseOfThePath() {
    func role(_ prefixes: [String]) -> TUF.DelegatedRole {
      TUF.DelegatedRole(
        name: "bin", keys: TUF.RoleKeys(keyIDs: [], threshold: 1), paths: .hashPrefixes(prefixes))
    }
    #expect(role(["00", "fa06"]).isTrusted(with: "a/b.krux"))
    #expect(role(["FA0687AF"]).isTrusted(with: "a/b.krux"))
    #expect(!role(["a06", "fa07"]).isTrusted(with: "a/b.krux"))
    #expect(!role([]).isTrusted(with: "a/b.krux"))
  }

  /// As python-tuf's `SuccinctRoles` names them.
  @Test(arguments: [
    (1, "bin-1"), (4, "bin-f"), (5, "bin-1f"), (8, "bin-fa"), (16, "bin-fa06"),
    (32, "bin-fa0687af"),
  ])
  func binsHaveTheirNamesByTheHash(bits: Int, expected: String) {
    let bins = TUF.HashBins(
      keys: TUF.RoleKeys(keyIDs: [], threshold: 1), bitLength: bits, namePrefix: "bin")
    #expect(bins.role(for: "a/b.krux") == expected)
    #expect(bits != 5 || bins.role(for: "x") == "bin-05")
  }
}
