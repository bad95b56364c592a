import SlotCore
import Testing

/// What holds between the members of a manifest.
@Suite struct ManifestConsistencyTests {
  private let sample = SampleBundle()

  private func decodingCode(_ manifest: Manifest) -> BundleCode? {
    code { _ = try Manifest(decoding: manifest.encoded) }
  }

  private func decoded(_ manifest: Manifest) throws -> Manifest {
    try Manifest(decoding: manifest.encoded)
  }

  /// A kind that this version does not know, with a table that it does not know.
  private var extra: (artefact: Artefact, table: TableDescription) {
    (
      Artefact(
        name: "app", kind: Artefact.Kind(rawValue: "firmware"), length: 4096,
        imageDigest: digest("app"), frameSize: 64 << 10, payloadLength: 10),
      TableDescription(kind: "index", artefact: "app", length: 5, digest: digest("index"))
    )
  }

  @Test func floorMayEqualTheSequence() throws {
    var manifest = sample.manifest
    manifest.floor = 12
    #expect(try decoded(manifest).floor == 12)
  }

  @Test func kindsOfLaterVersionsAreKept() throws {
    var manifest = sample.manifest
    manifest.artefacts.insert(extra.artefact, at: 0)
    manifest.tables.insert(extra.table, at: 0)
    let read = try decoded(manifest)
    #expect(read == manifest)
    #expect(read.slotImage?.name == "root")
    #expect(read.frameTable(of: sample.artefact)?.offset == 5)
    #expect(read.frameTable(of: extra.artefact) == nil)
    #expect(read.tablesLength == UInt64(sample.table.count + 5))
    #expect(read.payloadLength == UInt64(sample.payload.count + 10))
  }

  // MARK: - Deltas

  /// The sample with a delta from each of two releases, and a table of a later version in front of them.
  private var withDeltas: Manifest {
    var manifest = sample.manifest
    func delta(_ base: String, _ length: UInt64, _ payload: UInt64) -> TableDescription {
      TableDescription(
        kind: TableDescription.delta, artefact: "root", length: length, digest: digest("table"),
        payloadLength: payload, base: digest(base))
    }
    manifest.tables += [extra.table, delta("1.0.0", 30, 1000), delta("0.9.0", 40, 2000)]
    manifest.tables[1].payloadLength = 7
    return manifest
  }

  @Test func deltasAreRead() throws {
    let manifest = withDeltas
    let read = try decoded(manifest)
    #expect(read == manifest)
    #expect(read.tables.map(\.payloadLength) == [0, 7, 1000, 2000])
    #expect(read.tables.map(\.base) == [nil, nil, digest("1.0.0"), digest("0.9.0")])
    #expect(read.tablePayloadsLength == 3007)
    #expect(read.payloadLength == UInt64(sample.payload.count) + 3007)
    #expect(read.tablesLength == UInt64(sample.table.count) + 75)
  }

  @Test func tablesAndTheirPayloadsFollowEachOther() throws {
    let manifest = try decoded(withDeltas)
    let start = UInt64(sample.table.count)
    #expect(manifest.placedTables.map(\.offset) == [0, start, start + 5, start + 35])
    #expect(manifest.placedTables.map(\.payloadOffset) == [0, 0, 7, 1007])
    #expect(manifest.placedTables.map(\.description) == manifest.tables)
  }

  @Test func aDeltaIsFoundByItsBase() throws {
    let manifest = try decoded(withDeltas)
    func found(_ base: String, _ artefact: Artefact) -> PlacedTable? {
      manifest.deltaTable(of: artefact, from: digest(base))
    }
    let older = try #require(found("0.9.0", sample.artefact))
    #expect(older.description == manifest.tables[3] && older.payloadOffset == 1007)
    #expect(found("1.0.0", sample.artefact)?.description == manifest.tables[2])
    #expect(found("0.8.0", sample.artefact) == nil)
    #expect(found("1.0.0", extra.artefact) == nil)
    var other = manifest
    other.tables[2].kind = "index"
    #expect(other.deltaTable(of: sample.artefact, from: digest("1.0.0")) == nil)
    #expect(manifest.frameTable(of: sample.artefact)?.description == manifest.tables[0])
  }

  /// The frames' bytes are the artefact's payload, and stand behind those of tables.
  @Test func theFrameTableHasNoPayloadOfItsOwn() {
    var manifest = sample.manifest
    manifest.tables[0].payloadLength = 1
    #expect(decodingCode(manifest) == .malformedManifest)
  }

  /// With a table and a total length that fit, so that the size itself is what is refused.
  @Test(arguments: [0x8000, 0x18000, 0x800000, 0x10000, 0x400000])
  func frameSizesArePowersOfTwoWithinBounds(_ size: Int) throws {
    var manifest = sample.manifest
    manifest.artefacts[0].frameSize = size
    manifest.tables[0].length = UInt64(manifest.artefacts[0].frameCount * FrameTable.recordBytes)
    if [0x10000, 0x400000].contains(size) {
      #expect(try decoded(manifest) == manifest)
    } else {
      #expect(decodingCode(manifest) == .malformedManifest)
    }
  }

  @Test(arguments: [0, 72, 215, 217, 288] as [UInt64])
  func theFrameTableHasOneRecordAFrame(_ length: UInt64) {
    var manifest = sample.manifest
    manifest.tables[0].length = length
    #expect(decodingCode(manifest) == .malformedManifest)
  }

  @Test func namesOfArtefactsAreUnique() {
    var manifest = sample.manifest
    var second = extra.artefact
    second.name = "root"
    manifest.artefacts.append(second)
    #expect(decodingCode(manifest) == .malformedManifest)
  }

  @Test func tablesInAllAreBounded() {
    var manifest = sample.manifest
    var table = extra.table
    table.length = BundleLimits.tablesBytes
    manifest.tables.append(table)
    #expect(decodingCode(manifest) == .malformedManifest)
  }

  @Test func countsAreBounded() {
    var manifest = sample.manifest
    manifest.tables += Array(repeating: extra.table, count: BundleLimits.tableCount)
    #expect(decodingCode(manifest) == .malformedManifest)
    manifest = sample.manifest
    for number in 0..<BundleLimits.artefactCount {
      var artefact = extra.artefact
      artefact.name = "a\(number)"
      manifest.artefacts.append(artefact)
    }
    #expect(decodingCode(manifest) == .malformedManifest)
  }

  @Test func frameCountRoundsUp() {
    var artefact = sample.artefact
    #expect(artefact.frameCount == 3)
    artefact.length = 128 << 10
    #expect(artefact.frameCount == 2)
  }

  @Test(arguments: [
    ("kruxos", true), ("1.0.1~rc+2:3,a-b_c", true), ("a", true), ("", false), ("a b", false),
    ("a/b", false), ("ä", false), ("a\n", false), ("$x", false), ("a;b", false),
    ("\u{212A}", false),
  ])
  func names(_ text: String, _ valid: Bool) {
    #expect(Name.isValid(text) == valid)
  }

  @Test func namesAreAtMost64BytesLong() {
    #expect(Name.isValid(String(repeating: "a", count: 64)))
    #expect(!Name.isValid(String(repeating: "a", count: 65)))
  }
}
