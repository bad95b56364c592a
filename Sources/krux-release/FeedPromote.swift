internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedPromote: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Offer a release of one channel on another one too.",
    discussion: """
      The bundle stays where and as it is; what changes is the index of the other channel.

      EXAMPLES:
        krux-release feed promote 1.0.1 --from nightly --to stable --feed feed --key release-role.key --key online.key
      """)

  @Argument(help: "The release's version.")
  var version: String

  @Option(
    name: .customLong("from"), help: ArgumentHelp("The channel that has it.", valueName: "channel"))
  var source: String

  @Option(
    name: .customLong("to"), help: ArgumentHelp("The channel that gets it.", valueName: "channel"))
  var destination: String

  @Option(
    help: ArgumentHelp(
      "A share of the fleet, and from when; repeatable.", valueName: "percent@time"))
  var wave: [String] = []

  @Option(
    help: "How much it matters: optional, normal, important, critical. Default: as before.",
    transform: Release.Severity.init(argument:))
  var severity: Release.Severity?

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    try options.change("promote") { draft in
      try draft.promote(
        version, from: source, to: destination, rollout: try Rollout(waves: wave, now: draft.now),
        severity: severity)
    }
  }
}
