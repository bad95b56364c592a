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
      status.lines.forEach { Report.line($0) }
      if common.verbose { status.details.forEach { Report.line($0) } }
    }
    Report.warnings(status.warnings + [status.environmentError].compactMap { $0 })
  }
}
