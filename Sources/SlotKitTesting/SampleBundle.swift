public import SlotCore

/// A small signed bundle made in memory, with every part open to a test's changes before it is put together.
public struct SampleBundle: Sendable {
  public static let frameSize = 64 << 10

  public var image: [UInt8]
  public var manifest: Manifest
  public var records: [FrameRecord]
  public var payload: [UInt8]
  public var key: SecretKey
  /// Tables and their patches, behind the table of frames: see `addDelta`.
  var deltas: [(table: [UInt8], patches: [UInt8])] = []

  /// An image of `frames` frames of 64 KiB, made from `seed`; every fourth is zero.
  public init(
    version: String = "2.0", sequence: Int64 = 20, frames: Int = 40, seed: UInt64 = 1,
    key: SecretKey = .generate()
  ) {
    var random = SeededRandom(seed: seed)
    var image: [UInt8] = []
    for index in 0..<frames {
      let isZero = index % 4 == 3
      image += (0..<SampleBundle.frameSize).map { offset in
        // Half of each frame repeats, so that it compresses.
        isZero || offset % 2 == 0 ? 0 : UInt8(truncatingIfNeeded: random.next())
      }
    }
    self.init(image: image, version: version, sequence: sequence, key: key)
  }

  public init(
    image: [UInt8], version: String, sequence: Int64, key: SecretKey,
    frameSize: Int = SampleBundle.frameSize
  ) {
    let encoder = FrameEncoder(level: 1)
    var records: [FrameRecord] = []
    var payload: [UInt8] = []
    var digests = DigestStream()
    for start in stride(from: 0, to: image.count, by: frameSize) {
      let end = min(image.count, start + frameSize)
      let (record, stored) = encoder.encode(Array(image[start..<end]))
      records.append(record)
      payload += stored
      digests.update(record.plainDigest.bytes)
    }
    let table = records.flatMap(\.encoded)
    self.image = image
    self.records = records
    self.payload = payload
    self.key = key
    manifest = Manifest(
      product: "kruxos", version: version, sequence: sequence, compatible: ["test-box"],
      created: Timestamp(seconds: 1_700_000_000),
      artefacts: [
        Artefact(
          name: "root", kind: .slotImage, length: UInt64(image.count),
          imageDigest: Digest(bytes: digests.finish()) ?? Digest(of: []),
          frameSize: frameSize, payloadLength: UInt64(payload.count))
      ],
      tables: [
        TableDescription(
          kind: TableDescription.frames, artefact: "root", length: UInt64(table.count),
          digest: Digest(of: table))
      ])
  }

  public var table: [UInt8] { records.flatMap(\.encoded) }

  /// Describes the table as it is now, after a test has changed `records`.
  public mutating func describeTable() {
    manifest.tables[0].length = UInt64(table.count)
    manifest.tables[0].digest = Digest(of: table)
  }

  /// The bundle's bytes.
  public var encoded: [UInt8] {
    let signed = manifest.encoded
    let signature = Array(key.sign(signed, trustedComment: "test").file.utf8)
    let header = BundleHeader(
      manifestLength: signed.count, signaturesLength: signature.count,
      tablesLength: UInt64(deltas.reduce(table.count) { $0 + $1.table.count }))
    return header.encoded + signed + signature + table + deltas.flatMap(\.table)
      + deltas.flatMap(\.patches) + payload
  }
}

/// splitmix64: the same numbers for the same seed, on every machine.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
