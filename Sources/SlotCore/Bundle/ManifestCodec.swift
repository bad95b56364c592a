extension Manifest {
  /// The manifest's bytes: compact JSON, `type` and `format` first. What is signed is these bytes.
  public var encoded: [UInt8] {
    let json = JSONValue.object([
      "type": .string(Manifest.type),
      "format": .integer(Manifest.format),
      "product": .string(product),
      "version": .string(version),
      "sequence": .integer(sequence),
      "compatible": .strings(compatible),
      "minimumSource": minimumSource.map { .integer($0) },
      "floor": floor.map { .integer($0) },
      "created": .string(created.description),
      "notes": .strings(notes),
      "artefacts": .array(artefacts.map(\.json)),
      "tables": .array(tables.map(\.json)),
      "bodyLength": .integer(Int64(tablesLength + payloadLength)),
    ])
    return Array((json.compact + "\n").utf8)
  }

  /// Reads a manifest whose signature was verified; see `TrustedManifest` for the order of checks.
  ///
  /// - Throws: `malformedManifest`, `formatTooNew`, `lengthOutOfRange`.
  public init(decoding bytes: [UInt8]) throws(BundleFailure) {
    let json: JSONValue
    do { json = try JSONParser.parse(bytes, limits: BundleLimits.json) } catch {
      throw .damaged(.malformedManifest, "the bundle's manifest is malformed: \(error)")
    }
    let fields = ManifestFields(json)
    // Fixed places, so that no other signed document of ours can begin with the same bytes.
    guard let members = json.members, members.count >= 2, members[0].name == "type",
      members[0].value == .string(Manifest.type), members[1].name == "format"
    else { throw ManifestFields.malformed("'type' and 'format'") }
    let format = try fields.integer("format", in: 1...Int64.max)
    guard format == Manifest.format else {
      throw BundleFailure(
        .formatTooNew, "the bundle's manifest has format \(format), this program reads format 1",
        hint: "install a release in format 1 first, which brings a newer krux-update")
    }
    self.init(
      product: try fields.name("product"),
      version: try fields.name("version"),
      sequence: try fields.integer("sequence", in: BundleLimits.sequence),
      compatible: try fields.strings("compatible", maximum: 256),
      minimumSource: try fields.optionalSequence("minimumSource"),
      floor: try fields.optionalSequence("floor"),
      created: try fields.timestamp("created"),
      notes: json["notes"] == nil ? [] : try fields.strings("notes", maximum: 1000),
      artefacts: try fields.list("artefacts", maximum: BundleLimits.artefactCount, Artefact.init),
      tables: try fields.list("tables", maximum: BundleLimits.tableCount, TableDescription.init))
    try checkConsistency(bodyLength: try fields.length("bodyLength", maximum: UInt64(1) << 50))
  }

  private func checkConsistency(bodyLength: UInt64) throws(BundleFailure) {
    guard !compatible.isEmpty else { throw ManifestFields.malformed("'compatible'") }
    guard (floor ?? 1) <= sequence else { throw ManifestFields.malformed("'floor'") }
    let names = artefacts.map(\.name)
    guard Set(names).count == names.count else { throw ManifestFields.malformed("'artefacts'") }
    for artefact in artefacts where artefact.kind == .slotImage {
      guard let table = frameTable(of: artefact)?.description, table.payloadLength == 0,
        table.length == UInt64(artefact.frameCount) * UInt64(FrameTable.recordBytes)
      else { throw ManifestFields.malformed("the length of the frame table") }
    }
    guard tablesLength <= BundleLimits.tablesBytes, bodyLength == tablesLength + payloadLength
    else {
      throw ManifestFields.malformed("'bodyLength'")
    }
  }
}

extension Artefact {
  fileprivate var json: JSONValue {
    .object([
      "name": .string(name),
      "kind": .string(kind.rawValue),
      "length": .integer(Int64(length)),
      "imageDigest": .string(imageDigest.hex),
      "frameSize": .integer(Int64(frameSize)),
      "payloadLength": .integer(Int64(payloadLength)),
    ])
  }

  fileprivate init(_ json: JSONValue) throws(BundleFailure) {
    let fields = ManifestFields(json)
    self.init(
      name: try fields.name("name"), kind: Kind(rawValue: try fields.name("kind")),
      length: try fields.length("length", maximum: BundleLimits.imageBytes),
      imageDigest: try fields.digest("imageDigest"),
      frameSize: Int(try fields.integer("frameSize", in: 1...Int64(Int32.max))),
      payloadLength: try fields.length("payloadLength", maximum: BundleLimits.imageBytes))
    guard BundleLimits.frameBytes.contains(frameSize), frameSize & (frameSize - 1) == 0 else {
      throw ManifestFields.malformed("'frameSize'")
    }
    guard length > 0, length.isMultiple(of: UInt64(BundleLimits.blockBytes)) else {
      throw ManifestFields.malformed("an artefact's 'length'")
    }
  }
}

extension TableDescription {
  fileprivate var json: JSONValue {
    .object([
      "kind": .string(kind), "artefact": .string(artefact), "length": .integer(Int64(length)),
      "digest": .string(digest.hex),
      "payloadLength": payloadLength > 0 ? .integer(Int64(payloadLength)) : nil,
      "base": base.map { .string($0.hex) },
    ])
  }

  fileprivate init(_ json: JSONValue) throws(BundleFailure) {
    let fields = ManifestFields(json)
    self.init(
      kind: try fields.name("kind"), artefact: try fields.name("artefact"),
      length: try fields.length("length", maximum: BundleLimits.tablesBytes),
      digest: try fields.digest("digest"),
      payloadLength: json["payloadLength"] == nil
        ? 0 : try fields.length("payloadLength", maximum: BundleLimits.imageBytes),
      base: json["base"] == nil ? nil : try fields.digest("base"))
  }
}

/// The members of one object of a manifest, each with its type and its bounds.
struct ManifestFields {
  private let json: JSONValue

  init(_ json: JSONValue) { self.json = json }

  static func malformed(_ what: String) -> BundleFailure {
    .damaged(.malformedManifest, "the bundle's manifest is malformed: \(what) missing or wrong")
  }

  func integer(_ name: String, in range: ClosedRange<Int64>) throws(BundleFailure) -> Int64 {
    guard let value = json[name]?.integerValue, range.contains(value) else {
      throw ManifestFields.malformed("'\(name)'")
    }
    return value
  }

  func optionalSequence(_ name: String) throws(BundleFailure) -> Int64? {
    json[name] == nil ? nil : try integer(name, in: BundleLimits.sequence)
  }

  func length(_ name: String, maximum: UInt64) throws(BundleFailure) -> UInt64 {
    UInt64(try integer(name, in: 0...Int64(maximum)))
  }

  func digest(_ name: String) throws(BundleFailure) -> Digest {
    guard let digest = json[name]?.stringValue.flatMap(Digest.init(hex:)) else {
      throw ManifestFields.malformed("'\(name)'")
    }
    return digest
  }

  func timestamp(_ name: String) throws(BundleFailure) -> Timestamp {
    guard let value = json[name]?.stringValue.flatMap({ Timestamp($0) }) else {
      throw ManifestFields.malformed("'\(name)'")
    }
    return value
  }

  func name(_ name: String) throws(BundleFailure) -> String {
    guard let value = json[name]?.stringValue, Name.isValid(value) else {
      throw ManifestFields.malformed("'\(name)'")
    }
    return value
  }

  func strings(_ name: String, maximum: Int) throws(BundleFailure) -> [String] {
    guard let items = json[name]?.arrayValue, items.count <= maximum else {
      throw ManifestFields.malformed("'\(name)'")
    }
    let strings = items.compactMap(\.stringValue)
    guard strings.count == items.count else { throw ManifestFields.malformed("'\(name)'") }
    return strings
  }

  func list<Item>(
    _ name: String, maximum: Int, _ decode: (JSONValue) throws(BundleFailure) -> Item
  ) throws(BundleFailure) -> [Item] {
    guard let items = json[name]?.arrayValue, items.count <= maximum else {
      throw ManifestFields.malformed("'\(name)'")
    }
    var result: [Item] = []
    for item in items { result.append(try decode(item)) }
    return result
  }
}

/// Names of products, versions, hardware and artefacts: 1 to 64 of `A-Z a-z 0-9 . _ + ~ : , -`, so that
/// they can stand in file names, shell commands and lines of text without quoting.
public enum Name {
  public static func isValid(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._+~:,-".utf8.contains(byte)
        }
      }
  }
}
