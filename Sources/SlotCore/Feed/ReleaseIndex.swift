/// What a channel offers: the content of one target of the feed.
public struct ReleaseIndex: Equatable, Sendable {
  public static let type = "krux-channel"
  public static let format: Int64 = 1

  public var channel: String
  public var product: String
  /// When it was made. Signed, so a device's clock cannot be before it.
  public var issued: Timestamp
  /// The lowest sequence that a device accepts, whatever it runs.
  public var floor: Int64?
  /// Withdrawn ones included, so that a device that runs one is told.
  public var releases: [Release]

  public init(
    channel: String, product: String, issued: Timestamp, floor: Int64? = nil,
    releases: [Release] = []
  ) {
    self.channel = channel
    self.product = product
    self.issued = issued
    self.floor = floor
    self.releases = releases
  }

  /// The name of the target that has the index of `channel`.
  public static func target(of channel: String) -> String { "channels/\(channel).json" }

  /// The release whose bundle has this manifest.
  public func release(manifest: Digest) -> Release? {
    releases.first { $0.manifestDigest == manifest }
  }
}
