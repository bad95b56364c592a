internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct FeedRefreshTimestamp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refresh-timestamp",
    abstract: "Sign a new timestamp, as a timer does every day.",
    discussion: """
      Published at once, beside what is staged, which it leaves as it is.

      EXAMPLES:
        krux-release feed refresh-timestamp --feed feed --key online.key
        krux-release feed refresh-timestamp --snapshot --feed feed --key online.key
      """)

  @Flag(help: "Sign a new snapshot too.")
  var snapshot = false

  @OptionGroup var folder: FeedFolderOption
  @OptionGroup var keys: FeedKeyOptions
  @OptionGroup var period: FeedPeriodOption

  func validate() throws { _ = try period.periods() }

  func run() throws {
    let publisher = try folder.publisher("refresh-timestamp")
    try publisher.draft.setPeriods(try period.periods())
    let outcome = try publisher.refresh(snapshot: snapshot, signing: try keys.keys())
    FeedReport.outcome(outcome, feed: folder.feed)
  }
}
