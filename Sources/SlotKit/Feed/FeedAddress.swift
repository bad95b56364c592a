internal import Glibc
public import SlotCore

/// Where a feed is: the folder of a web server that docs/formats/feed.md describes.
public struct FeedAddress: Equatable, Sendable {
  /// Ends with `/`.
  public let base: String

  /// - Throws: `noFeed` for anything but an address of http or https.
  public init(_ text: String) throws(FeedFailure) {
    guard ["http://", "https://"].contains(where: { text.lowercased().hasPrefix($0) }) else {
      throw FeedFailure(
        .noFeed, "'\(text.printable)' is no address of a feed",
        hint: "give one that begins with https:// or http://")
    }
    base = text.hasSuffix("/") ? text : text + "/"
  }

  /// The one that this device follows: of `KRUX_FEED_URL`, else of the configuration, else of the image.
  ///
  /// - Throws: `noFeed`.
  public init(_ configuration: Configuration, _ layout: Layout) throws(FeedFailure) {
    let environment = getenv("KRUX_FEED_URL").map { String(cString: $0) }
    let image = Files.text(layout.feedAddress, limit: 4096)
    guard
      let text = [environment, configuration.feedAddress, image].lazy.compactMap(\.self)
        .map({ String($0.split(separator: " ").first ?? "") }).first(where: { !$0.isEmpty })
    else {
      throw FeedFailure(
        .noFeed, "this device follows no feed",
        hint: "set 'address' in [feed] of update.toml, or install a bundle by its file or address")
    }
    try self.init(text)
  }

  /// A user's name or password, which is for this server only.
  var hasPassword: Bool {
    base.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).dropFirst().first?
      .contains("@") ?? false
  }

  public var metadata: String { base + "metadata/" }
  public var targets: String { base + "targets/" }

  /// Where the bundle of `release` is.
  public func bundle(_ release: Release) -> String {
    let isWhole = ["http://", "https://"].contains { release.bundle.lowercased().hasPrefix($0) }
    return isWhole ? release.bundle : base + release.bundle
  }
}
