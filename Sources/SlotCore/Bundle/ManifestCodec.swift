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
    let isTreeNamed = ServiceName.isTreeVersion(version)
    for artefact in artefacts where artefact.kind == .tree {
      guard isTreeNamed, ServiceName.isValid(artefact.name) else {
        throw ManifestFields.malformed("the name or version of a service")
      }
    }
    for artefact in artefacts where [.slotImage, .tree].contains(artefact.kind) {
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
      "tree": tree.map(\.json),
    ])
  }

  fileprivate init(_ json: JSONValue) throws(BundleFailure) {
    let fields = ManifestFields(json)
    let kind = Kind(rawValue: try fields.name("kind"))
    self.init(
      name: try fields.name("name"), kind: kind,
      length: try fields.length("length", maximum: BundleLimits.imageBytes),
      imageDigest: try fields.digest("imageDigest"),
      frameSize: Int(try fields.integer("frameSize", in: 1...Int64(Int32.max))),
      payloadLength: try fields.length("payloadLength", maximum: BundleLimits.imageBytes))
    if kind == .tree {
      guard let content = json["tree"], content.members != nil else {
        throw fields.malformed("tree")
      }
      tree = try TreeContent(ManifestFields(content), content)
    }
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

private typealias ManifestFields = JSONFields<BundleCode>

extension JSONFields where Code == BundleCode {
  fileprivate init(_ json: JSONValue) { self.init(json, BundleFailure.malformedManifest) }

  fileprivate static func malformed(_ what: String) -> BundleFailure { .malformedManifest(what) }
}

extension Failure where Code == BundleCode {
  fileprivate static func malformedManifest(_ what: String) -> BundleFailure {
    .damaged(.malformedManifest, "the bundle's manifest is malformed: \(what) missing or wrong")
  }
}
