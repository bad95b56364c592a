internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct FeedAddBundleKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add-bundle-key",
    abstract: "Tell devices of a key that signs bundles, beside those of their image.",
    discussion: """
      EXAMPLES:
        krux-release feed add-bundle-key next.pub --feed feed --key targets.key --key online.key
      """)

  @Argument(help: "The public key, minisign's.")
  var publicKey: String

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    let key = try Keys.key(FilePath(publicKey))
    try options.change("add-bundle-key") { draft in try draft.addBundleKey(key) }
  }
}
