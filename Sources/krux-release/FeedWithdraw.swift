internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedWithdraw: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw",
    abstract: "Take a release back: it is not offered any more, and devices that run it say so.",
    discussion: """
      EXAMPLES:
        krux-release feed withdraw 1.0.1 --reason "It loses its network after a day" --feed feed \\
          --key release-role.key --key online.key
      """)

  @Argument(help: "The release's version.")
  var version: String

  @Option(help: "What operators are told.")
  var reason: String

  @Option(help: "From this channel only. Default: from all.")
  var channel: String?

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    try options.change("withdraw") { draft in
      try draft.withdraw(version, reason: reason, from: channel)
    }
  }
}
