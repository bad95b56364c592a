internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedAddChannel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add-channel",
    abstract: "Add a channel, without releases.",
    discussion: """
      EXAMPLES:
        krux-release feed add-channel beta=release.pub --feed feed --key targets.key --key release-role.key \\
          --key online.key
      """)

  @Argument(
    help: ArgumentHelp(
      "The channel, its keys, and how many of them have to sign.",
      valueName: "name=file[,file...][/threshold]"))
  var channel: String

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    let channel = try ChannelText(channel).channel()
    try options.change("add-channel") { draft in
      try draft.add(channel, product: try draft.product())
    }
  }
}
