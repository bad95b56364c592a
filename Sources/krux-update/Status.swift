internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the running version, what is staged, and what can be rolled back to.",
    discussion: """
      EXAMPLES:
        krux-update status
        krux-update status --verbose
        krux-update status --json
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let status = try common.updater().status()
    if common.json {
      Report.line(status.json.compact)
    } else {
      for line in status.lines + (common.verbose ? status.details : []) { Report.line(line) }
    }
    Report.warnings(status.warnings + [status.environmentError].compactMap { $0 })
  }
}
