internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedSign: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign",
    abstract: "Add signatures to what is staged, where the keys are.",
    discussion: """
      The folder needs 'metadata', 'targets' and 'staging'. Read the files in 'staging' before you sign them. \
      python-tuf and securesystemslib sign the same files.

      EXAMPLES:
        krux-release feed sign --feed feed --key root-1.key root
        krux-release feed sign --feed feed --key online.key
      """)

  @Argument(help: "The roles to sign. Default: all that the keys may sign for.")
  var roles: [String] = []

  @OptionGroup var folder: FeedFolderOption
  @OptionGroup var keys: FeedKeyOptions

  @Flag(name: .customLong("no-publish"), help: "Leave the change staged, also when it is complete.")
  var staysStaged = false

  func validate() throws {
    guard !keys.key.isEmpty else { throw ValidationError("give a secret key with --key") }
  }

  func run() throws {
    let publisher = try folder.publisher("sign")
    let outcome = try publisher.sign(
      with: try keys.keys(), roles: roles.isEmpty ? nil : roles, publishing: !staysStaged)
    FeedReport.outcome(outcome, feed: folder.feed)
  }
}
