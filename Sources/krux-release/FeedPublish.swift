internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedPublish: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Publish what is staged, or go on with a publication that was cut off.",
    discussion: """
      Reads the result as a client would first. Files with a version or a hash in their name come first, \
      timestamp.json after them.

      EXAMPLES:
        krux-release feed publish --feed feed
        krux-release feed publish --feed feed --key online.key
      """)

  @OptionGroup var folder: FeedFolderOption
  @OptionGroup var keys: FeedKeyOptions

  func run() throws {
    let publisher = try folder.publisher("publish")
    let outcome = try publisher.publish(signing: try keys.keys())
    FeedReport.outcome(outcome, feed: folder.feed)
  }
}
