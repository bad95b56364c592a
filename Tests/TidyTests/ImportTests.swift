import Testing

/// Imports run one way: executables → SlotKit → SlotCore, and C stays at the rim.
struct ImportTests {
  /// What the files of a target may import. Nil: anything but what `forbidden` names.
  static let allowed: [String: Set<String>] = [
    "SlotCore": ["CBlake2b", "CSodium", "CZstd"],
    "SlotCoreTesting": ["SlotCore"],
    "SlotKit": [
      "CArchive", "CBlkid", "CCurl", "CLinux", "CToml", "Glibc", "Logging", "SlotCore",
      "Synchronization", "SystemPackage",
    ],
    "SlotKitTesting": ["Glibc", "SlotCore", "SlotKit", "Synchronization", "SystemPackage"],
    "krux-update": ["ArgumentParser", "Glibc", "Logging", "SlotCore", "SlotKit", "SystemPackage"],
    "krux-health": ["ArgumentParser", "Glibc", "Logging", "SlotCore", "SlotKit", "SystemPackage"],
    "krux-release": ["ArgumentParser", "Glibc", "SlotCore", "SlotKit", "SystemPackage"],
  ]

  static func violations(target: String, source: String) throws -> [String] {
    let modules = try SwiftText(source).lines.joined(separator: "\n")
      .matches(#"^[@\w ]*\bimport (?:struct |func |enum |class )?(\w+)"#)
    return modules.filter { allowed[target]?.contains($0) != true }.sorted()
  }

  @Test func everyTargetImportsOnlyWhatIsBelowIt() throws {
    let files = try Repository.files(in: "Sources", suffixes: [".swift"])
    #expect(!files.isEmpty)
    for (path, source) in files {
      let target = String(path.split(separator: "/")[1])
      #expect(try ImportTests.violations(target: target, source: source) == [], "\(path)")
    }
  }

  @Test(arguments: [
    ("SlotCore", "internal import Glibc", ["Glibc"]),
    ("SlotCore", "import struct Foundation.Data", ["Foundation"]),
    ("SlotCore", "// import Glibc\ninternal import CSodium", []),
    ("SlotKit", "internal import ArgumentParser", ["ArgumentParser"]),
    (
      "krux-update", "@preconcurrency import CCurl\nimport krux_release", ["CCurl", "krux_release"]
    ),
    ("NewTarget", "import Glibc", ["Glibc"]),
  ])
  func aWrongImportIsSeen(target: String, source: String, expected: [String]) throws {
    #expect(try ImportTests.violations(target: target, source: source) == expected)
  }
}
