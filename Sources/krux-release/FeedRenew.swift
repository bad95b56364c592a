internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedRenew: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Sign root, targets or a channel again before they expire.",
    discussion: """
      EXAMPLES:
        krux-release feed renew root --feed feed --no-publish
        krux-release feed renew targets stable --feed feed --key targets.key --key release-role.key --key online.key
      """)

  @Argument(help: "root, targets, or a channel.")
  var roles: [String]

  @OptionGroup var options: FeedChangeOptions

  func validate() throws {
    guard !roles.isEmpty, !roles.contains("snapshot"), !roles.contains("timestamp") else {
      throw ValidationError(
        "name root, targets or a channel; 'feed refresh-timestamp' renews timestamp and snapshot")
    }
  }

  func run() throws {
    try options.change("renew") { draft in
      for role in roles { try draft.renew(role) }
    }
  }
}
