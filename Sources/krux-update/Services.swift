internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Services: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the services that were installed as trees, and remove trees that are old.",
    discussion: """
      EXAMPLES:
        krux-update services
        krux-update services purge
      """,
    subcommands: [ServicesList.self, ServicesPurge.self], defaultSubcommand: ServicesList.self)
}

struct ServicesList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show each service and the version that it runs from.")

  @OptionGroup var common: CommonOptions

  func run() throws {
    let (services, warnings) = try common.services().status()
    if common.json {
      Report.json([
        "type": .string("services"), "format": .integer(1),
        "services": .array(services.map(\.json)), "warnings": .strings(warnings),
      ])
    } else if services.isEmpty {
      Report.line("No service was installed here as a tree.")
    } else {
      for service in services { for line in service.lines { Report.line(line) } }
    }
    Report.warnings(warnings)
  }
}

struct ServicesPurge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Remove the trees that no service has run from for some days.",
    discussion: """
      Never the tree that a service runs from, nor the one before it. Refused beside an update.

      EXAMPLES:
        krux-update services purge
        krux-update services purge --keep-days 0
      """)

  @Option(help: ArgumentHelp("Instead of what update.toml says.", valueName: "days"))
  var keepDays: Int?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (0...3650).contains(keepDays ?? 0) else {
      throw ValidationError("--keep-days has to be from 0 to 3650")
    }
  }

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    let purged = try common.writingServices(cancellation).purge(keepDays: keepDays) { event in
      if case .warning(let text) = event { Report.warnings([text]) }
    }
    guard !common.json else {
      return Report.json(["event": .string("finished"), "purged": .strings(purged)])
    }
    for name in purged { Report.line("Removed \(name)") }
    if purged.isEmpty { Report.line("There is nothing to remove.") }
  }
}

extension ServiceStatus {
  /// What `services` and `status` print of one.
  var lines: [String] {
    let state = isProven ? "" : version == nil ? " (its tree is gone)" : " (not found healthy yet)"
    var text = "Service:     \(name) \(version ?? "unknown")\(state)"
    if let previous {
      text += ", previous \(previous.version)\(previous.isThere ? "" : " (gone)")"
    }
    guard let putBack else { return [text] }
    return [text, "Put back:    \(name) \(putBack.version) (\(putBack.reason.printable))"]
  }
}
