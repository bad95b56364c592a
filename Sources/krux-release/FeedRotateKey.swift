internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedRotateKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-key",
    abstract: "Change the keys that sign for a role.",
    discussion: """
      The roles are root, targets, snapshot, timestamp, and each channel. The first four stand in the root, which the \
      threshold of the old and of the new root keys has to sign; channels stand in targets.

      Give the key that goes, too, where there is one: then clients see all of the old or all of the new.

      EXAMPLES:
        krux-release feed rotate-key timestamp --add new.pub --remove 1a2b3c4d --feed feed \\
          --key root-1.key --key root-2.key --key old.key --key new.key
        krux-release feed rotate-key root --add root-4.pub --remove 5e6f7a8b --feed feed --no-publish
      """)

  @Argument(help: "The role.")
  var role: String

  @Option(help: ArgumentHelp("A public key that signs from now on; repeatable.", valueName: "file"))
  var add: [String] = []

  @Option(
    help: ArgumentHelp(
      "A key that counts no more: the first digits of its id; repeatable.", valueName: "id"))
  var remove: [String] = []

  @Option(help: "How many of the keys have to sign from now on.")
  var threshold: Int64?

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    let rotation = KeyRotation(
      added: try add.map { try KeyFiles.rolePublicKey($0) }, removed: remove, threshold: threshold)
    try options.change("rotate-key") { draft in try draft.rotate(role, rotation) }
  }
}
