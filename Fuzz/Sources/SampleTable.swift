internal import SlotCore

/// A table of frames with the description that an honest publisher would give of it, so that what stands behind the
/// checks of digests is reached.
struct SampleTable {
  static let recordBytes = FrameTable.recordBytes

  private(set) var bytes: [UInt8]
  private let frameSize: Int

  /// Whole records only.
  init(_ bytes: [UInt8], frameSize: Int) {
    self.bytes = Array(
      bytes.prefix(bytes.count / SampleTable.recordBytes * SampleTable.recordBytes))
    self.frameSize = frameSize
  }

  var count: Int { bytes.count / SampleTable.recordBytes }

  private func length(_ lastBlocks: Int) -> UInt64 {
    guard count > 0 else { return 0 }
    let last = (lastBlocks * BundleLimits.blockBytes) % frameSize
    return UInt64(count * frameSize - last)
  }

  func artefact(lastBlocks: Int) -> Artefact {
    var payload: UInt64 = 0
    var image = DigestStream()
    for index in 0..<count {
      let start = index * SampleTable.recordBytes
      let stored: UInt32 = LittleEndian.decode(bytes, at: start + 64)
      payload += UInt64(stored)
      image.update(Array(bytes[start + 32..<start + 64]))
    }
    return Artefact(
      name: "root", kind: .slotImage, length: length(lastBlocks),
      imageDigest: Digest(bytes: image.finish()) ?? Digest(of: []), frameSize: frameSize,
      payloadLength: payload)
  }

  var description: TableDescription {
    TableDescription(
      kind: TableDescription.frames, artefact: "root", length: UInt64(bytes.count),
      digest: Digest(of: bytes))
  }

  /// Gives the frames of zeros the digest of zeros, which no fuzzer guesses.
  mutating func setZeroDigests(lastBlocks: Int) {
    let length = length(lastBlocks)
    for index in 0..<count where bytes[index * SampleTable.recordBytes + 68] == 0 {
      let left = length - UInt64(index * frameSize)
      let zeros = [UInt8](repeating: 0, count: Int(min(UInt64(frameSize), left)))
      set(Digest(of: zeros), record: index, at: 32)
    }
  }

  mutating func set(_ digest: Digest, record index: Int, at offset: Int) {
    let start = index * SampleTable.recordBytes + offset
    bytes.replaceSubrange(start..<start + Digest.byteCount, with: digest.bytes)
  }
}
