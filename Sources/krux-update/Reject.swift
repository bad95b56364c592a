internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Reject: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End the trial of the running version badly: the other slot boots next.",
    discussion: """
      The version is remembered as bad on this device.

      EXAMPLES:
        krux-update reject --reason "the display stays dark" --reboot
      """)

  @Option(help: ArgumentHelp("Why, in one sentence; status shows it.", valueName: "text"))
  var reason = "Rejected by an operator"

  @OptionGroup var reboot: RebootOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let updater = try common.writingUpdater(to: .decide)
    let (version, warnings) = try updater.reject(reason: String(reason.printable.prefix(500)))
    if common.json {
      Report.json([
        "event": .string("finished"), "outcome": .string("rejected"),
        "returnsTo": .string(version),
      ])
    } else {
      Report.line("Rejected. Version \(version) will come back on reboot.")
    }
    Report.warnings(warnings)
    try reboot.carryOut(updater, json: common.json)
  }
}
