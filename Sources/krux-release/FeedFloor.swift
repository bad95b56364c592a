internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedFloor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "floor",
    abstract: "Set the lowest sequence that devices of a channel accept.",
    discussion: """
      EXAMPLES:
        krux-release feed floor 10001 --channel stable --feed feed --key release-role.key --key online.key
      """)

  @Argument(help: "The sequence.")
  var sequence: Int64

  @Option(help: "The channel.")
  var channel: String

  @Flag(help: "Lower it.")
  var force = false

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    try options.change("floor") { draft in
      try draft.setFloor(sequence, of: channel, isForced: force)
    }
  }
}
