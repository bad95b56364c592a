internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct FeedWithdrawBundleKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw-bundle-key",
    abstract: "Tell devices that a key signs bundles no more, for good.",
    discussion: """
      It counts against the keys of the image too, and no device ever forgets it.

      EXAMPLES:
        krux-release feed withdraw-bundle-key old.pub --reason "The build machine was broken into" --feed feed \\
          --key targets.key --key online.key
      """)

  @Argument(help: "The public key, minisign's.")
  var publicKey: String

  @Option(help: "What operators are told.")
  var reason: String

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    let key = try Keys.key(FilePath(publicKey))
    try options.change("withdraw-bundle-key") { draft in
      try draft.withdrawBundleKey(key, reason: reason)
    }
  }
}
