internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct AutoCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Do what is due of automatic updates. A timer starts this.",
    discussion: """
      With nothing due it asks nobody and writes nothing. It works in the background, as [background] of \
      update.toml says.

      EXAMPLES:
        krux-update auto check
        krux-update auto check --json
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    var background = BackgroundOptions()
    background.background = true
    let updater = try common.writingUpdater(cancellation, background, to: .install)
    let report = try updater.runAutomatic(DeviceAuto(updater))
    guard !common.json else { return Report.line(report.json(updater.lastCheck).compact) }
    for line in report.lines { Report.line(line) }
  }
}
