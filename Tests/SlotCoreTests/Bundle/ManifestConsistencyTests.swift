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
        name: "app", kind: Artefact.Kind(rawValue: "tree"), length: 4096,
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
