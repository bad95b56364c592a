import SlotCore
import Testing

@Suite struct FrameTableTests {
  private let sample = SampleBundle()

  /// Reads `bytes` as a table that the manifest describes rightly.
  private func table(_ bytes: [UInt8], artefact: Artefact? = nil) throws -> FrameTable {
    let description = TableDescription(
      kind: TableDescription.frames, artefact: "root", length: UInt64(bytes.count),
      digest: Digest(of: bytes))
    return try FrameTable(
      verifying: bytes, description: description, artefact: artefact ?? sample.artefact)
  }

  private func tableCode(_ bytes: [UInt8], artefact: Artefact? = nil) -> BundleCode? {
    code { _ = try table(bytes, artefact: artefact) }
  }

  /// A signed, and yet wrong table: `change` applied to the records, the image digest made to fit.
  private func changedCode(_ change: (inout [FrameRecord]) -> Void) -> BundleCode? {
    var bundle = sample
    change(&bundle.records)
    var artefact = bundle.artefact
    artefact.payloadLength = UInt64(bundle.records.reduce(0) { $0 + $1.storedLength })
    return tableCode(bundle.table, artefact: artefact)
  }

  @Test func frames() throws {
    let table = try table(sample.table)
    #expect(table.count == 3)
    let frames = (0..<3).map { table[$0] }
    #expect(frames.map(\.index) == [0, 1, 2])
    #expect(frames.map(\.codec) == [.zstd, .zero, .stored])
    #expect(frames.map(\.length) == [65_536, 65_536, 4096])
    #expect(frames.map(\.imageOffset) == [0, 65_536, 131_072])
    #expect(frames.map(\.storedLength) == sample.records.map(\.storedLength))
    #expect(frames.map(\.plainDigest) == sample.frames.map { Digest(of: $0) })
    #expect(frames.map(\.storedDigest) == sample.records.map(\.storedDigest))
    let first = UInt64(sample.records[0].storedLength)
    #expect(frames.map(\.payloadOffset) == [0, first, first])
  }

  @Test func recordLayout() {
    let record = FrameRecord(
      codec: .zstd, storedLength: 0x0102, storedDigest: digest("s"), plainDigest: digest("p"))
    #expect(record.encoded == digest("s").bytes + digest("p").bytes + [2, 1, 0, 0, 2, 0, 0, 0])
    #expect(record.encoded.count == FrameTable.recordBytes)
  }

  @Test func everyDamagedByteShows() {
    for bytes in damagedCopies(sample.table) {
      let outcome: BundleCode? = code {
        _ = try FrameTable(
          verifying: bytes, description: sample.description, artefact: sample.artefact)
      }
      #expect(outcome == .damagedTable)
    }
  }

  @Test func lengthAndDigestAreBothTheManifests() {
    var description = sample.description
    description.length += 1
    let wrongLength: BundleCode? = code {
      _ = try FrameTable(
        verifying: sample.table, description: description, artefact: sample.artefact)
    }
    #expect(wrongLength == .damagedTable)
  }

  @Test func recordsAreOneForEachFrame() {
    #expect(tableCode(sample.table + sample.records[2].encoded) == .malformedTable)
    #expect(tableCode(Array(sample.table.dropLast(FrameTable.recordBytes))) == .malformedTable)
    #expect(tableCode(Array(sample.table.dropLast())) == .malformedTable)
    #expect(tableCode([]) == .malformedTable)
  }

  @Test(arguments: [(68, 3), (68, 255), (69, 1), (70, 1), (71, 1)] as [(Int, UInt8)])
  func codecAndReservedBytes(_ offset: Int, _ value: UInt8) {
    var bytes = sample.table
    bytes[offset] = value
    #expect(tableCode(bytes) == .malformedTable)
  }

  @Test func aCompressedFrameIsSmallerThanItsContent() {
    #expect(changedCode { $0[0].storedLength = 0 } == .malformedTable)
    #expect(changedCode { $0[0].storedLength = 65_536 } == .malformedTable)
    #expect(changedCode { $0[0].storedLength = Int(UInt32.max) } == .malformedTable)
    #expect(changedCode { $0[2].codec = .zstd } == .malformedTable)
  }

  @Test func aStoredFrameIsAsLongAsItsContent() {
    #expect(changedCode { $0[2].storedLength = 4095 } == .malformedTable)
    #expect(changedCode { $0[2].storedLength = 65_536 } == .malformedTable)
    #expect(changedCode { $0[0].codec = .stored } == .malformedTable)
  }

  @Test func aZeroFrameStoresNothingAndHasTheDigestOfZeros() {
    #expect(changedCode { $0[1].storedLength = 1 } == .malformedTable)
    #expect(changedCode { $0[1].plainDigest = digest("x") } == .malformedTable)
    #expect(
      changedCode { $0[1].plainDigest = Digest(of: [UInt8](repeating: 0, count: 4096)) }
        == .malformedTable)
  }

  @Test func storedLengthsAddUpToThePayload() {
    var artefact = sample.artefact
    artefact.payloadLength += 1
    #expect(tableCode(sample.table, artefact: artefact) == .malformedTable)
    artefact.payloadLength -= 2
    #expect(tableCode(sample.table, artefact: artefact) == .malformedTable)
  }

  @Test func theImageDigestCoversAllFrames() {
    var artefact = sample.artefact
    artefact.imageDigest = digest("another image")
    #expect(tableCode(sample.table, artefact: artefact) == .malformedTable)
    var swapped = sample
    swapped.records.swapAt(0, 1)
    #expect(tableCode(swapped.table) == .malformedTable)
  }

  @Test func signedNonsenseNeverTraps() throws {
    for bytes in damagedCopies(sample.table) {
      guard let table = try? table(bytes) else { continue }
      #expect((0..<table.count).allSatisfy { table[$0].storedLength <= table[$0].length })
    }
  }
}
