extension ReleaseIndex {
  /// Bytes of an index: some ten thousand releases.
  public static let byteLimit = 4 << 20
  private static let releaseLimit = 4096
  private static let json = JSONLimits(byteCount: byteLimit, depth: 16, valueCount: 200_000)

  public var encoded: [UInt8] {
    let json = JSONValue.object([
      "type": .string(ReleaseIndex.type),
      "format": .integer(ReleaseIndex.format),
      "channel": .string(channel),
      "product": .string(product),
      "issued": .string(issued.description),
      "floor": floor.map { .integer($0) },
      "releases": .array(releases.map(\.json)),
    ])
    return Array((json.compact + "\n").utf8)
  }

  /// Reads an index whose bytes the feed's metadata vouch for.
  ///
  /// - Throws: `malformedIndex`, `indexTooNew`.
  public init(decoding bytes: [UInt8]) throws(FeedFailure) {
    let json: JSONValue
    do { json = try JSONParser.parse(bytes, limits: ReleaseIndex.json) } catch {
      throw FeedFailure.malformedIndex("\(error)")
    }
    let fields = IndexFields(json, FeedFailure.malformedField)
    guard json["type"]?.stringValue == ReleaseIndex.type else { throw fields.malformed("type") }
    let format = try fields.integer("format", in: 1...Int64.max)
    guard format == ReleaseIndex.format else {
      throw FeedFailure(
        .indexTooNew, "the channel's index has format \(format), this program reads format 1",
        hint: "install a release from a file first, which brings a newer krux-update")
    }
    self.init(
      channel: try fields.name("channel"), product: try fields.name("product"),
      issued: try fields.timestamp("issued"), floor: try fields.optionalSequence("floor"),
      releases: try fields.list("releases", maximum: ReleaseIndex.releaseLimit, Release.init))
    let sequences = Set(releases.map { Identity($0) })
    guard sequences.count == releases.count else { throw fields.malformed("releases") }
  }

  /// What no two releases have in common.
  private struct Identity: Hashable {
    let sequence: Int64
    let compatible: [String]

    init(_ release: Release) {
      sequence = release.sequence
      compatible = release.compatible.sorted()
    }
  }
}

typealias IndexFields = JSONFields<FeedCode>

extension Failure where Code == FeedCode {
  public static func malformedIndex(_ what: String) -> FeedFailure {
    FeedFailure(
      .malformedIndex, "the channel's index is malformed: \(what)",
      hint: "tell the feed's publisher")
  }

  static func malformedField(_ name: String) -> FeedFailure {
    malformedIndex("\(name) missing or wrong")
  }
}

extension Release {
  fileprivate var json: JSONValue {
    .object([
      "version": .string(version),
      "sequence": .integer(sequence),
      "minimumSource": minimumSource.map { .integer($0) },
      "compatible": .strings(compatible),
      "released": .string(released.description),
      "severity": .string(severity.rawValue),
      "notes": .strings(notes),
      "bundle": .string(bundle),
      "bundleLength": .integer(Int64(bundleLength)),
      "manifestDigest": .string(manifestDigest.hex),
      "imageDigest": .string(imageDigest.hex),
      "services": services.isEmpty ? nil : .array(services.map(\.json)),
      "rollout": rollout.waves.isEmpty ? nil : .array(rollout.waves.map(\.json)),
      "withdrawn": withdrawal.map { $0.json },
    ])
  }

  fileprivate init(_ json: JSONValue) throws(FeedFailure) {
    let fields = IndexFields(json, FeedFailure.malformedField)
    self.init(
      version: try fields.name("version"),
      sequence: try fields.integer("sequence", in: BundleLimits.sequence),
      minimumSource: try fields.optionalSequence("minimumSource"),
      compatible: try fields.strings("compatible", maximum: 256),
      released: try fields.timestamp("released"),
      // What a later version adds is no reason to refuse a release.
      severity: json["severity"]?.stringValue.flatMap(Severity.init(rawValue:)) ?? .normal,
      notes: json["notes"] == nil ? [] : try fields.strings("notes", maximum: 1000),
      bundle: try fields.text("bundle", maximum: 2048),
      bundleLength: try fields.length("bundleLength", maximum: 1 << 50),
      manifestDigest: try fields.digest("manifestDigest"),
      imageDigest: try fields.digest("imageDigest"),
      services: json["services"] == nil
        ? [] : try fields.list("services", maximum: BundleLimits.artefactCount, Service.init),
      rollout: Rollout(
        waves: json["rollout"] == nil
          ? [] : try fields.list("rollout", maximum: 64, Rollout.Wave.init)),
      withdrawal: try json["withdrawn"].map(Withdrawal.init))
    guard !compatible.isEmpty, compatible.allSatisfy(Name.isValid) else {
      throw fields.malformed("compatible")
    }
    let isOrdered = zip(rollout.waves, rollout.waves.dropFirst()).allSatisfy {
      $0.from <= $1.from && $0.percent <= $1.percent
    }
    guard isOrdered else { throw fields.malformed("rollout") }
  }
}

extension Release.Service {
  fileprivate var json: JSONValue {
    .object(["name": .string(name), "imageDigest": .string(imageDigest.hex)])
  }

  fileprivate init(_ json: JSONValue) throws(FeedFailure) {
    let fields = IndexFields(json, FeedFailure.malformedField)
    self.init(name: try fields.name("name"), imageDigest: try fields.digest("imageDigest"))
  }
}

extension Rollout.Wave {
  fileprivate var json: JSONValue {
    .object(["from": .string(from.description), "percent": .integer(Int64(percent))])
  }

  fileprivate init(_ json: JSONValue) throws(FeedFailure) {
    let fields = IndexFields(json, FeedFailure.malformedField)
    self.init(
      from: try fields.timestamp("from"), percent: Int(try fields.integer("percent", in: 0...100)))
  }
}

extension Release.Withdrawal {
  fileprivate var json: JSONValue {
    .object(["at": .string(at.description), "reason": .string(reason)])
  }

  fileprivate init(_ json: JSONValue) throws(FeedFailure) {
    let fields = IndexFields(json, FeedFailure.malformedField)
    self.init(
      at: try fields.timestamp("at"), reason: try fields.text("reason", maximum: 1000))
  }
}
