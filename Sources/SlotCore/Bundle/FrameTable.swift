/// How the bytes of a frame are stored in the payload.
public enum FrameCodec: UInt8, Sendable {
  /// Nothing is stored: the frame is all zero.
  case zero = 0
  case stored = 1
  /// Chunks, each a zstd frame (RFC 8878) of its own: see `StoredChunk`.
  case zstd = 2
}

/// One frame of an artefact, as its table describes it.
public struct Frame: Equatable, Sendable {
  public let index: Int
  /// Bytes from the start of the image.
  public let imageOffset: UInt64
  /// Uncompressed bytes.
  public let length: Int
  /// Bytes from the start of the artefact's payload.
  public let payloadOffset: UInt64
  public let storedLength: Int
  public let codec: FrameCodec
  /// Of the bytes as they stand in the payload: checked before they are decoded.
  public let storedDigest: Digest
  /// Of the uncompressed bytes: checked when the slot is read back.
  public let plainDigest: Digest
}

/// What builds one record of a frame table.
public struct FrameRecord: Equatable, Sendable {
  public var codec: FrameCodec
  public var storedLength: Int
  public var storedDigest: Digest
  public var plainDigest: Digest

  public init(codec: FrameCodec, storedLength: Int, storedDigest: Digest, plainDigest: Digest) {
    self.codec = codec
    self.storedLength = storedLength
    self.storedDigest = storedDigest
    self.plainDigest = plainDigest
  }

  public var encoded: [UInt8] {
    storedDigest.bytes + plainDigest.bytes + LittleEndian.encode(UInt32(storedLength))
      + [codec.rawValue, 0, 0, 0]
  }
}

/// The frames of one artefact: 80 bytes of memory for each, 72 of them as they stand in the bundle.
public struct FrameTable: Sendable {
  /// Stored digest, uncompressed digest, stored length (4), codec (1), three zeros.
  public static let recordBytes = 72

  private let records: [UInt8]
  private let payloadOffsets: [UInt64]
  private let imageLength: UInt64
  private let frameSize: Int

  public var count: Int { payloadOffsets.count }

  /// Takes a table that the manifest of a verified signature describes.
  ///
  /// Checked: length and digest of the table; every codec; stored lengths within what a frame may take
  /// and adding up to the payload; zero frames with the digest of zeros; the image digest over all.
  ///
  /// - Throws: `damagedTable`, `malformedTable`.
  public init(
    verifying bytes: [UInt8], description: TableDescription, artefact: Artefact
  ) throws(BundleFailure) {
    guard UInt64(bytes.count) == description.length, Digest(of: bytes) == description.digest else {
      throw .damaged(.damagedTable, "the bundle's table of frames is damaged")
    }
    let count = artefact.frameCount
    guard bytes.count == count * FrameTable.recordBytes else {
      throw FrameTable.malformed("length")
    }
    records = bytes
    imageLength = artefact.length
    frameSize = artefact.frameSize
    var offsets: [UInt64] = []
    offsets.reserveCapacity(count)
    var image = DigestStream()
    var offset: UInt64 = 0
    var zeros = ZeroDigests()
    for index in 0..<count {
      let start = index * FrameTable.recordBytes
      let length = FrameTable.length(index, image: artefact.length, frameSize: artefact.frameSize)
      let stored: UInt32 = LittleEndian.decode(bytes, at: start + 64)
      guard let codec = FrameCodec(rawValue: bytes[start + 68]),
        bytes[start + 69] == 0, bytes[start + 70] == 0, bytes[start + 71] == 0
      else { throw FrameTable.malformed("codec of frame \(index)") }
      let plain = bytes[start + 32..<start + 64]
      let fits =
        switch codec {
        case .zero: stored == 0 && zeros.digest(length).bytes.elementsEqual(plain)
        case .stored: stored == length
        case .zstd: stored > 0 && stored < length
        }
      guard fits else { throw FrameTable.malformed("frame \(index)") }
      offsets.append(offset)
      offset += UInt64(stored)
      image.update(Array(plain))
    }
    guard offset == artefact.payloadLength else { throw FrameTable.malformed("payload length") }
    guard image.finish() == artefact.imageDigest.bytes else {
      throw FrameTable.malformed("image digest")
    }
    payloadOffsets = offsets
  }

  private static func malformed(_ what: String) -> BundleFailure {
    .damaged(.malformedTable, "the bundle's table of frames is malformed: \(what)")
  }

  private static func length(_ index: Int, image: UInt64, frameSize: Int) -> Int {
    Int(min(UInt64(frameSize), image - UInt64(index) * UInt64(frameSize)))
  }

  public subscript(index: Int) -> Frame {
    let start = index * FrameTable.recordBytes
    let storedLength: UInt32 = LittleEndian.decode(records, at: start + 64)
    // `init` has checked every record; the fallbacks are never taken.
    return Frame(
      index: index, imageOffset: UInt64(index) * UInt64(frameSize),
      length: FrameTable.length(index, image: imageLength, frameSize: frameSize),
      payloadOffset: payloadOffsets[index],
      storedLength: Int(storedLength),
      codec: FrameCodec(rawValue: records[start + 68]) ?? .stored,
      storedDigest: Digest(bytes: records[start..<start + 32]) ?? Digest(of: []),
      plainDigest: Digest(bytes: records[start + 32..<start + 64]) ?? Digest(of: []))
  }
}

/// The digests of zeros, by length: an image has at most two lengths of frames.
private struct ZeroDigests {
  private var known: [Int: Digest] = [:]

  mutating func digest(_ length: Int) -> Digest {
    if let digest = known[length] { return digest }
    let digest = Digest(of: [UInt8](repeating: 0, count: length))
    known[length] = digest
    return digest
  }
}
