/// The record of all services: `services.json` (docs/formats/services.md).
public struct ServiceRecords: Equatable, Sendable {
  static let type = "krux-services"
  static let limits = JSONLimits(byteCount: 1 << 20, depth: 12, valueCount: 50_000)
  public static let byteLimit = 1 << 20

  public private(set) var services: [String: ServiceRecord] = [:]
  private var document: JSONValue = .object([JSONMember]())

  public init() {}

  /// The names of all services, sorted.
  public var names: [String] { services.keys.sorted() }

  public subscript(name: String) -> ServiceRecord {
    get { services[name] ?? ServiceRecord() }
    set { services[name] = newValue }
  }

  public func encoded() -> [UInt8] {
    let old = document["services"] ?? .object([JSONMember]())
    let members = names.reduce(old) { json, name in
      json.merging([name: services[name].map(\.json)])
    }
    let json = document.merging([
      "type": .string(ServiceRecords.type), "format": document["format"] ?? .integer(1),
      "services": members,
    ])
    return Array(json.pretty.utf8)
  }

  /// Members that this version does not know are kept.
  ///
  /// - Throws: `damagedRecord`.
  public init(decoding bytes: [UInt8]) throws(ServiceFailure) {
    guard let json = try? JSONParser.parse(bytes, limits: ServiceRecords.limits),
      json["type"] == .string(ServiceRecords.type), let members = json["services"]?.members
    else {
      throw ServiceFailure(
        .damagedRecord, "the record of services is damaged",
        hint: "the services themselves are untouched; the record begins anew")
    }
    document = json
    for member in members where ServiceName.isValid(member.name) {
      services[member.name] = ServiceRecord(member.value)
    }
  }
}

extension ServiceRecord {
  fileprivate var json: JSONValue {
    unknown.merging([
      "current": current.map(\.json), "since": (since?.description).json,
      "previous": previous.map(\.json), "next": next.map(\.json),
      "older": older.isEmpty ? nil : .array(older.map(\.json)),
      "knownBad": knownBad.isEmpty ? nil : .array(knownBad.map(\.json)),
      "floor": .integer(floor),
      "putBack": putBack.map(\.json),
    ])
  }

  /// What does not read is left out: it costs history, never a service.
  fileprivate init(_ json: JSONValue) {
    self.init()
    unknown = json.members == nil ? unknown : json
    current = json["current"].flatMap(TreeIdentity.init)
    since = json["since"]?.stringValue.flatMap { Timestamp($0) }
    previous = json["previous"].flatMap(TreeIdentity.init)
    next = json["next"].flatMap(TreeIdentity.init)
    older = (json["older"]?.arrayValue ?? []).suffix(ServiceRecord.maximumOlder)
      .compactMap(RetiredTree.init)
    knownBad = (json["knownBad"]?.arrayValue ?? []).suffix(ServiceRecord.maximumKnownBad)
      .compactMap(KnownBad.init)
    floor = json["floor"]?.integerValue.map { max(0, $0) } ?? 0
    putBack = json["putBack"].flatMap(PutBack.init)
  }
}

extension TreeIdentity {
  fileprivate var json: JSONValue {
    .object([
      "version": .string(version), "sequence": .integer(sequence),
      "imageDigest": .string(imageDigest.hex), "treeDigest": .string(treeDigest.hex),
      "units": .strings(units), "floor": floor.map { .integer($0) },
    ])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let version = json["version"]?.stringValue, ServiceName.isTreeVersion(version),
      let sequence = json["sequence"]?.integerValue, BundleLimits.sequence.contains(sequence),
      let image = json["imageDigest"]?.stringValue.flatMap(Digest.init(hex:)),
      let tree = json["treeDigest"]?.stringValue.flatMap(Digest.init(hex:))
    else { return nil }
    let units = (json["units"]?.arrayValue ?? []).prefix(TreeLimits.units)
      .compactMap(\.stringValue).filter(UnitName.isValid)
    self.init(
      version: version, sequence: sequence, imageDigest: image, treeDigest: tree, units: units,
      floor: json["floor"]?.integerValue)
  }
}

extension RetiredTree {
  fileprivate var json: JSONValue {
    .object(["version": .string(version), "at": .string(at.description)])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let version = json["version"]?.stringValue,
      let at = json["at"]?.stringValue.flatMap({ Timestamp($0) })
    else { return nil }
    self.init(version: version, at: at)
  }
}

extension ServiceRecord.PutBack {
  fileprivate var json: JSONValue {
    .object([
      "version": .string(version), "reason": .string(reason), "at": .string(at.description),
    ])
  }

  fileprivate init?(_ json: JSONValue) {
    guard let version = json["version"]?.stringValue, let reason = json["reason"]?.stringValue,
      let at = json["at"]?.stringValue.flatMap({ Timestamp($0) })
    else { return nil }
    self.init(version: version, reason: reason, at: at)
  }
}
