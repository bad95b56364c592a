internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Channel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show or choose the channel of releases that this device follows.",
    discussion: """
      The choice is kept across reboots and updates.

      EXAMPLES:
        krux-update channel
        krux-update channel beta
      """)

  @Argument(help: "A channel that the feed has, such as stable, beta or nightly.")
  var name: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    guard let name else {
      try common.mode()?.require(.releases)
      return report(try common.updater().channel())
    }
    try common.writingUpdater(cancellation, to: .releases).follow(channel: name)
    report(name)
  }

  private func report(_ channel: String) {
    guard common.json else { return Report.line("Channel: \(channel)") }
    Report.json([
      "type": .string("channel"), "format": .integer(1), "channel": .string(channel),
    ])
  }
}
