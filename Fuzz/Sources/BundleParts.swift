internal import SlotCore
internal import SlotKit

/// The key that the device trusts. It signed the seeds: `Fuzz/seeds` has it too.
enum FuzzKey {
  /// minisign wrote it, without a password.
  private static let file = """
    untrusted comment: minisign encrypted secret key
    RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAr+C7HsS8z1tbEpvNzAzQt\
    gnjZH+YE3sggcco1j7BbSJogYbc42kYD7SeYNP0Z++sptHpWjB1BETuraTKVtB5R6KlZucp5YV4AAAAAAAAAAAAAAAAAAAA\
    AAAAAAAAAAAAAAAAAAAAAAA=
    """

  static let key: SecretKey = {
    do { return try SecretKey(file: file, password: nil) } catch { fatalError("\(error)") }
  }()
  static let ring = KeyRing([key.publicKey])
}

/// A bundle taken apart by its own header, as far as that can be done, to be put together with a valid signature.
struct BundleParts {
  private static let repairsTables: UInt8 = 1
  private static let repairsStored: UInt8 = 2
  private static let repairsPlain: UInt8 = 4

  private var manifest: [UInt8]
  private var table: [UInt8]
  private var payload: [UInt8]
  private let signatures: Int

  /// Nil for what is shorter than a header. `flags` say which digests are made right, and so how deep the input gets.
  init?(_ bytes: [UInt8], flags: UInt8) {
    guard bytes.count >= BundleHeader.byteCount else { return nil }
    var rest = bytes[BundleHeader.byteCount...]
    func take(_ count: UInt32) -> [UInt8] {
      let part = rest.prefix(Int(count))
      rest = rest.dropFirst(part.count)
      return Array(part)
    }
    manifest = take(LittleEndian.decode(bytes, at: 12))
    signatures = take(LittleEndian.decode(bytes, at: 16)).count
    table = take(LittleEndian.decode(bytes, at: 24))
    payload = Array(rest)
    guard flags & BundleParts.repairsTables != 0,
      var described = try? Manifest(decoding: manifest),
      let image = described.artefacts.firstIndex(where: { $0.kind == .slotImage }),
      let first = described.tables.firstIndex(where: { $0.kind == TableDescription.frames })
    else { return }
    let artefact = described.artefacts[image]
    var sample = SampleTable(table, frameSize: artefact.frameSize)
    repairFrames(&sample, artefact, flags)
    let repaired = sample.artefact(lastBlocks: 0)
    table.replaceSubrange(..<sample.bytes.count, with: sample.bytes)
    described.tables[first].length = UInt64(table.count)
    described.tables[first].digest = Digest(of: table)
    described.artefacts[image].imageDigest = repaired.imageDigest
    described.artefacts[image].payloadLength = repaired.payloadLength
    manifest = described.encoded
  }

  /// Makes the digests of frames what their bytes in the payload have.
  private func repairFrames(_ sample: inout SampleTable, _ artefact: Artefact, _ flags: UInt8) {
    var offset = 0
    for index in 0..<min(sample.count, 64) {
      let start = index * SampleTable.recordBytes
      let length: UInt32 = LittleEndian.decode(sample.bytes, at: start + 64)
      let stored = Array(payload.dropFirst(offset).prefix(Int(length)))
      offset += stored.count
      if flags & BundleParts.repairsStored != 0 {
        sample.set(Digest(of: stored), record: index, at: 0)
      }
      let before = index * artefact.frameSize
      guard flags & BundleParts.repairsPlain != 0, artefact.length > before,
        let codec = FrameCodec(rawValue: sample.bytes[start + 68])
      else { continue }
      let size = Int(min(UInt64(artefact.frameSize), artefact.length - UInt64(before)))
      var plain = [UInt8](repeating: 0, count: size)
      let isDecoded = plain.withUnsafeMutableBytes { output in
        stored.withUnsafeBytes { input in
          (try? FrameDecoder().decode(input, codec: codec, into: output)) != nil
        }
      }
      if isDecoded { sample.set(Digest(of: plain), record: index, at: 32) }
    }
  }

  var signed: [UInt8] {
    let signature = Array(FuzzKey.key.sign(manifest, trustedComment: "fuzz").file.utf8)
    let header = BundleHeader(
      manifestLength: manifest.count, signaturesLength: signature.count,
      tablesLength: UInt64(table.count))
    return header.encoded + manifest + signature + table + payload
  }
}
