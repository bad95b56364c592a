internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Feed: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "feed",
    abstract: "Make and keep a feed: what a fleet is offered, on any web server.",
    discussion: """
      Changes are staged in the feed's folder, below 'staging', until all keys that have to sign have signed; then they \
      are published. Keys may be in different places: carry the folder (without 'bundles') to each, and run 'feed sign'.
      """,
    subcommands: [
      FeedInit.self, FeedAdd.self, FeedPromote.self, FeedWithdraw.self, FeedRollout.self,
      FeedFloor.self, FeedRefreshTimestamp.self, FeedRenew.self, FeedRotateKey.self,
      FeedAddChannel.self, FeedAddBundleKey.self, FeedWithdrawBundleKey.self, FeedSign.self,
      FeedPublish.self, FeedState.self,
    ])
}

/// Where the feed is.
struct FeedFolderOption: ParsableArguments {
  @Option(help: ArgumentHelp("The feed's folder.", valueName: "dir"))
  var feed: String

  @Flag(help: "Sign with this clock, also where the feed was signed at a later time.")
  var clockIsRight = false

  static var now: Timestamp { Timestamp(seconds: Int64(time(nil))) }

  func publisher(_ command: String) throws -> FeedPublisher {
    try FeedPublisher(
      FilePath(feed), command: "feed \(command)", now: FeedFolderOption.now,
      isClockRight: clockIsRight)
  }
}

/// Secret keys of roles.
struct FeedKeyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Sign with this secret key: minisign's, or PEM; repeatable.", valueName: "file"))
  var key: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file that holds the password of the keys that have one.", valueName: "file"))
  var passwordFile: String?

  func keys() throws -> [SecretKey] {
    try key.map { path in
      try KeyFiles.pemSecretKey(path) ?? Password.unlock(path, passwordFile: passwordFile)
    }
  }
}

/// How long roles are valid.
struct FeedPeriodOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("How long a role is valid from now on; repeatable.", valueName: "role=days"))
  var expires: [String] = []

  /// Days, by role.
  func periods() throws -> [String: Int64] {
    var periods: [String: Int64] = [:]
    for text in expires {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let days = Int64(parts[1]) else {
        throw ValidationError("--expires has to be ROLE=DAYS, as in timestamp=7")
      }
      periods[String(parts[0])] = days
    }
    return periods
  }
}

/// What every command takes that changes a feed.
struct FeedChangeOptions: ParsableArguments {
  @OptionGroup var folder: FeedFolderOption
  @OptionGroup var keys: FeedKeyOptions
  @OptionGroup var period: FeedPeriodOption

  @Flag(name: .customLong("no-publish"), help: "Leave the change staged, also when it is complete.")
  var staysStaged = false

  func validate() throws { _ = try period.periods() }

  /// Makes a change, signs it, and publishes it when it is complete.
  func change(_ command: String, _ body: (inout FeedDraft) throws -> Void) throws {
    let publisher = try publisher(command)
    try body(&publisher.draft)
    try finish(publisher, try keys.keys())
  }

  func publisher(_ command: String) throws -> FeedPublisher {
    let publisher = try folder.publisher(command)
    try publisher.draft.setPeriods(try period.periods())
    return publisher
  }

  func finish(_ publisher: FeedPublisher, _ secrets: [SecretKey]) throws {
    let outcome = try publisher.finish(signing: secrets, publishing: !staysStaged)
    FeedReport.outcome(outcome, feed: folder.feed)
  }
}
