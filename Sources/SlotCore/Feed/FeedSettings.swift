/// What an operator chose of the feed. Kept on the data partition, so that it survives reboots and changes of slot.
public struct FeedSettings: Equatable, Sendable {
  private static let type = "krux-feed-settings"
  public static let byteLimit = 64 << 10

  /// Nil: the image's own, which is `stable` where it has none.
  public var channel: String?
  /// The version that this device stays at or goes to.
  public var pin: String?
  /// The document as it was read: members of later versions are kept.
  private var document: JSONValue

  public init(channel: String? = nil, pin: String? = nil) {
    self.channel = channel
    self.pin = pin
    document = .object([])
  }

  public var encoded: [UInt8] {
    let json = document.merging([
      "type": .string(FeedSettings.type), "format": .integer(1), "channel": channel.json,
      "pin": pin.json,
    ])
    return Array(json.pretty.utf8)
  }

  /// - Throws: `damagedSettings`: a pin that gets lost would let a device move that has to stay.
  public init(decoding bytes: [UInt8]) throws(FeedFailure) {
    let limits = JSONLimits(byteCount: FeedSettings.byteLimit, depth: 8, valueCount: 1000)
    do { document = try JSONParser.parse(bytes, limits: limits) } catch {
      throw FeedSettings.damaged("\(error)")
    }
    guard document["type"]?.stringValue == FeedSettings.type else {
      throw FeedSettings.damaged("no settings")
    }
    let fields = JSONFields<FeedCode>(document) { FeedSettings.damaged("\($0) is wrong") }
    channel = document["channel"] == nil ? nil : try fields.name("channel")
    pin = document["pin"] == nil ? nil : try fields.name("pin")
  }

  private static func damaged(_ what: String) -> FeedFailure {
    FeedFailure(
      .damagedSettings, "the settings of the feed are damaged: \(what.printable)",
      hint: "choose again: 'krux-update channel NAME', and 'krux-update pin VERSION' where it was")
  }
}
