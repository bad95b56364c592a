/// The keys that sign bundles, as the feed tells devices whose image is behind: the content of one target. See
/// docs/formats/feed.md.
public struct BundleKeys: Equatable, Sendable {
  public static let type = "krux-keys"
  public static let format: Int64 = 1
  public static let target = "keys.json"
  /// Bytes.
  public static let byteLimit = 1 << 20
  private static let countLimit = 1024
  private static let json = JSONLimits(byteCount: byteLimit, depth: 8, valueCount: 10_000)

  /// A key that counts no more, wherever it comes from.
  public struct Withdrawal: Equatable, Sendable {
    public var key: PublicKey
    public var reason: String

    public init(key: PublicKey, reason: String) {
      self.key = key
      self.reason = reason
    }
  }

  public var keys: [PublicKey]
  /// Only grows.
  public var withdrawn: [Withdrawal]

  public init(keys: [PublicKey] = [], withdrawn: [Withdrawal] = []) {
    self.keys = keys
    self.withdrawn = withdrawn
  }

  /// Keys are told apart by their bytes: ids can be imitated.
  public func isWithdrawn(_ key: PublicKey) -> Bool {
    withdrawn.contains { $0.key.key == key.key }
  }

  /// The keys that count on a device whose image brings `image`. A withdrawal holds against the image too.
  public func ring(with image: KeyRing) -> KeyRing {
    KeyRing((image.keys + keys.filter { !image.keys.contains($0) }).filter { !isWithdrawn($0) })
  }

  /// These keys, and every withdrawal of either list: a withdrawal is never forgotten.
  public func adding(withdrawals others: [Withdrawal]) -> BundleKeys {
    let new = others.filter { !isWithdrawn($0.key) }
    return BundleKeys(keys: keys, withdrawn: withdrawn + new)
  }

  public var encoded: [UInt8] {
    let json = JSONValue.object([
      "type": .string(BundleKeys.type), "format": .integer(BundleKeys.format),
      "keys": .strings(keys.map(\.line)),
      "withdrawn": .array(
        withdrawn.map { .object(["key": .string($0.key.line), "reason": .string($0.reason)]) }),
    ])
    return Array((json.compact + "\n").utf8)
  }

  /// Reads a list whose bytes the feed's metadata vouch for.
  ///
  /// - Throws: `malformedKeys`, `indexTooNew`.
  public init(decoding bytes: [UInt8]) throws(FeedFailure) {
    let json: JSONValue
    do { json = try JSONParser.parse(bytes, limits: BundleKeys.json) } catch {
      throw BundleKeys.malformed("\(error)")
    }
    let fields = JSONFields<FeedCode>(json, BundleKeys.malformedField)
    guard json["type"]?.stringValue == BundleKeys.type else { throw fields.malformed("type") }
    let format = try fields.integer("format", in: 1...Int64.max)
    guard format == BundleKeys.format else {
      throw FeedFailure(
        .indexTooNew,
        "the feed's list of keys has format \(format), this program reads format 1",
        hint: "install a release from a file first, which brings a newer krux-update")
    }
    self.init(
      keys: try fields.list("keys", maximum: BundleKeys.countLimit, BundleKeys.key),
      withdrawn: try fields.list("withdrawn", maximum: BundleKeys.countLimit, Withdrawal.init))
  }

  fileprivate static func malformedField(_ name: String) -> FeedFailure {
    malformed("\(name) missing or wrong")
  }

  private static func malformed(_ what: String) -> FeedFailure {
    FeedFailure(
      .malformedKeys, "the feed's list of keys is malformed: \(what)",
      hint: "tell the feed's publisher")
  }

  private static func key(_ json: JSONValue) throws(FeedFailure) -> PublicKey {
    guard let line = json.stringValue, let key = try? PublicKey(file: line) else {
      throw malformedField("'keys'")
    }
    return key
  }
}

extension BundleKeys.Withdrawal {
  fileprivate init(_ json: JSONValue) throws(FeedFailure) {
    let fields = JSONFields<FeedCode>(json, BundleKeys.malformedField)
    guard let line = json["key"]?.stringValue, let key = try? PublicKey(file: line) else {
      throw BundleKeys.malformedField("'withdrawn'")
    }
    self.init(key: key, reason: try fields.text("reason", maximum: 1000))
  }
}
