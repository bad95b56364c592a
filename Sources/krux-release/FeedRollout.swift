internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedRollout: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollout",
    abstract: "Change when which share of the fleet is offered a release.",
    discussion: """
      Without --wave everybody is offered it at once. Waves that would take it back from devices that are offered it \
      now are refused.

      EXAMPLES:
        krux-release feed rollout 1.0.1 --channel stable --wave 50@+0d --wave 100@+1d --feed feed \\
          --key release-role.key --key online.key
      """)

  @Argument(help: "The release's version.")
  var version: String

  @Option(help: "The channel.")
  var channel: String

  @Option(
    help: ArgumentHelp(
      "A share of the fleet, and from when; repeatable.", valueName: "percent@time"))
  var wave: [String] = []

  @Flag(help: "Even if devices are not offered it any more.")
  var force = false

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    try options.change("rollout") { draft in
      try draft.setRollout(
        of: version, in: channel, try Rollout(waves: wave, now: draft.now), isForced: force)
    }
  }
}
