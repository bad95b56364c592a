import SlotCore
import Testing

/// A small release, whole: an image of three frames (zstd, zero, a short stored one).
struct SampleBundle {
  static let frameSize = 64 << 10
  static let key = SecretKey.generate()

  var frames: [[UInt8]]
  var records: [FrameRecord]
  var payload: [UInt8]

  init() {
    var generator = SeededGenerator(seed: 7)
    let text = Array(repeating: Array("one line of text\n".utf8), count: 4096).flatMap { $0 }
    frames = [
      Array(text.prefix(SampleBundle.frameSize)),
      [UInt8](repeating: 0, count: SampleBundle.frameSize),
      generator.bytes(4096),
    ]
    let encoder = FrameEncoder(level: 3)
    records = []
    payload = []
    for frame in frames {
      let (record, stored) = encoder.encode(frame)
      records.append(record)
      payload += stored
    }
  }

  var table: [UInt8] { records.flatMap(\.encoded) }

  var imageDigest: Digest { Digest(of: records.flatMap { $0.plainDigest.bytes }) }

  var artefact: Artefact {
    Artefact(
      name: "root", kind: .slotImage, length: UInt64(2 * SampleBundle.frameSize + 4096),
      imageDigest: imageDigest, frameSize: SampleBundle.frameSize,
      payloadLength: UInt64(payload.count))
  }

  var description: TableDescription {
    TableDescription(
      kind: TableDescription.frames, artefact: "root", length: UInt64(table.count),
      digest: Digest(of: table))
  }

  var manifest: Manifest {
    Manifest(
      product: "kruxos", version: "1.0.1", sequence: 12, compatible: ["box-1", "box-2"],
      minimumSource: 5, floor: 4, created: Timestamp(seconds: 1_700_000_000),
      notes: ["First line.", "Zweite Zeile."], artefacts: [artefact], tables: [description])
  }

  var header: BundleHeader {
    BundleHeader(
      manifestLength: manifest.encoded.count, signaturesLength: 300,
      tablesLength: UInt64(table.count))
  }
}

/// The digest of a short text, where a test needs one that differs from others.
func digest(_ text: String) -> Digest { Digest(of: Array(text.utf8)) }

extension ImageIdentity {
  static func sample(_ version: String, sequence: Int64 = 1, floor: Int64? = nil) -> ImageIdentity {
    ImageIdentity(
      version: version, sequence: sequence, imageDigest: digest(version), imageLength: 1 << 20,
      frameSize: 64 << 10, manifestDigest: digest("manifest of \(version)"), floor: floor)
  }
}

extension LedgerContext {
  static func sample(_ seconds: Int64 = 1_700_000_000, boot: String = "boot-1") -> LedgerContext {
    LedgerContext(now: Timestamp(seconds: seconds), bootID: boot)
  }
}
