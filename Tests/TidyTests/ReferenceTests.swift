import Testing

/// The tables of the operator's guide and the sources say the same, both ways.
struct ReferenceTests {
  private let guide: String

  init() throws { guide = try Repository.text("docs/operators.md") }

  private func table(_ title: String, cells: Int, heading: String) -> Set<[String]> {
    Documents.rows(Documents.section(title, of: guide), cells: cells)
      .filter { $0[0] != heading }
  }

  @Test func everyConfigurationKeyIsDocumented() throws {
    let sources = try [
      "Configuration", "AutoConfiguration", "BackgroundSettings", "HealthSettings",
      "RecordSettings", "ServiceSettings",
    ].map {
      try Repository.text("Sources/SlotKit/State/\($0).swift")
    }
    let keys = Set(try sources.flatMap { try $0.matches(#"case "([A-Za-z.-]+)":"#) })
    #expect(keys.count > 10)
    let documented = Set(table("Configuration", cells: 1, heading: "key").map { $0[0] })
    #expect(documented.symmetricDifference(keys) == [])
  }

  @Test func theExampleOfTheConfigurationHasEveryKey() throws {
    let section = Documents.section("Configuration", of: guide)
    let example = try #require(section.matches(#"```toml\n([\s\S]*?)```"#).first)
    var prefix = ""
    var keys: Set<String> = []
    for line in example.split(separator: "\n") {
      if let name = try line.matches(#"^\[(.*)\]$"#).first {
        prefix = name.hasPrefix("services.") ? "services.NAME." : "\(name)."
      }
      if let key = try line.matches(#"^([a-z-]+) = "#).first { keys.insert(prefix + key) }
    }
    #expect(keys == Set(table("Configuration", cells: 1, heading: "key").map { $0[0] }))
  }

  @Test func everyExitStatusIsDocumented() throws {
    let source = try Repository.text("Sources/SlotKit/System/ExitStatus.swift")
    let constants = try pairs(source, #"static let (\w+): Int32 = (\d+)"#)
    let domains = try pairs(source, #"case \.(\w+): (\d+)"#)
    #expect(domains.count > 10)
    #expect(
      table("Exit statuses", cells: 2, heading: "status")
        == Set((constants + domains).map { [$0.value, $0.name] }))
  }

  private func pairs(_ text: String, _ pattern: String) throws -> [(name: String, value: String)] {
    try text.split(separator: "\n").compactMap { line in
      guard let name = try line.matches(pattern).first, let value = line.split(separator: " ").last
      else { return nil }
      return (name, String(value))
    }
  }

  @Test func everyFailureCodeIsDocumented() throws {
    let files = try Repository.files(in: "Sources", suffixes: [".swift"])
    let codes = try files.values.flatMap(ReferenceTests.codes)
    #expect(codes.count > 60)
    #expect(table("Codes", cells: 2, heading: "domain").symmetricDifference(codes) == [])
  }

  /// Domain and raw value of every case of every enumeration of failure codes in a file.
  static func codes(_ source: String) throws -> [[String]] {
    try source.matches(#"enum \w+: String, FailureCode \{([\s\S]*?)\n\}"#).flatMap { body in
      guard let domain = try body.matches(#"\{ \.(\w+) \}"#).first else { return [[String]]() }
      return try body.matches(#"^ +case (.*)$"#).flatMap { $0.split(separator: ",") }.map { item in
        [domain, try item.matches(#""(\w+)""#).first ?? item.filter { $0 != " " }]
      }
    }
  }

  @Test func everyKindOfTheRecordIsDocumented() throws {
    let source = try Repository.text("Sources/SlotCore/Record/RecordKind.swift")
    let kinds = try source.matches(#"Kind\(rawValue: "([\w-]+)"\)"#)
    #expect(kinds.count > 20)
    let text = try Repository.text("docs/formats/audit-log.md")
    #expect(kinds.filter { !text.contains("`\($0)`") } == [])
  }

  @Test func everyMetricIsDocumented() throws {
    let source = try Repository.text("Sources/SlotKit/Monitoring/DeviceMetrics.swift")
    let names = try source.matches(#""(krux_\w+)""#)
    #expect(names.count > 15)
    let text = Documents.section("Monitoring", of: guide)
    #expect(names.filter { !text.contains("`\($0)`") } == [])
  }

  @Test func everyEventOfTheHistoryIsDocumented() throws {
    let source = try Repository.text("Sources/SlotCore/Slots/History.swift")
    let body = try #require(source.matches(#"enum Event: String[^{]*\{([\s\S]*?)\n  \}"#).first)
    let events = try body.matches(#"^ +case (.*)$"#).map { item in
      try item.matches(#""([\w-]+)""#).first ?? item
    }
    #expect(events.count > 8)
    let text = try Repository.text("docs/formats/ledger.md")
    #expect(events.filter { !text.contains("`\($0)`") } == [])
  }

  @Test func everyVariableOfTheBootEnvironmentIsDocumented() throws {
    let source = try Repository.text("Sources/SlotCore/Boot/GrubBootControl.swift")
    let names = try #require(source.matches(#"static let names = \[(.*)\]"#).first)
      .matches(#""(\w+)""#)
    #expect(names.count > 8)
    let table = Documents.section("Variables", of: try Repository.text("docs/boot.md"))
    #expect(names.filter { !table.contains("`\($0)`") } == [])
    let block = try Repository.text("docs/formats/grubenv.md")
    #expect(names.filter { !block.contains("`\($0)=") } == [])
  }

  @Test func codesAreReadFromSources() throws {
    let source = """
      public enum SomeCode: String, FailureCode {
        public static var domain: FailureDomain { .slot }
        case one, two = "number_two"
        case three
      }
      """
    #expect(
      try ReferenceTests.codes(source) == [
        ["slot", "one"], ["slot", "number_two"], ["slot", "three"],
      ])
  }
}
