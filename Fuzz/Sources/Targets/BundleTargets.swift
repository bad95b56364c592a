internal import SlotCore

@testable internal import SlotKit

/// The parts of a bundle, each for itself.
let bundleTargets = [
  FuzzTarget(name: "header", maximumLength: 64, body: fuzzHeader),
  FuzzTarget(name: "manifest", maximumLength: 8192, body: fuzzManifest),
  FuzzTarget(name: "frame-table", maximumLength: 2048, body: fuzzFrameTable),
  FuzzTarget(name: "frame", maximumLength: 8192, body: fuzzFrame),
  FuzzTarget(name: "bundle", maximumLength: 8192, body: fuzzBundle),
  FuzzTarget(name: "signed-bundle", maximumLength: 8192, body: fuzzSignedBundle),
  FuzzTarget(name: "inspection", maximumLength: 8192, body: fuzzInspection),
]

@Sendable private func fuzzHeader(_ bytes: [UInt8]) throws {
  let header = try BundleHeader(decoding: bytes)
  require(header.encoded == Array(bytes.prefix(32)), "a header is written as it was read")
  require((1...BundleLimits.manifestBytes).contains(header.manifestLength), "manifest bounded")
  require((0...BundleLimits.signaturesBytes).contains(header.signaturesLength), "signatures too")
  require(header.tablesLength <= BundleLimits.tablesBytes, "tables bounded")
  require(header.payloadOffset >= header.tablesLength, "offsets add up")
}

@Sendable private func fuzzManifest(_ bytes: [UInt8]) throws {
  let manifest = try Manifest(decoding: bytes)
  require(
    try Manifest(decoding: manifest.encoded) == manifest, "a manifest reads as it was written")
  require(manifest.tablesLength <= BundleLimits.tablesBytes, "tables bounded")
  require(manifest.payloadLength <= BundleLimits.imageBytes * 64, "payload bounded")
  for artefact in manifest.artefacts {
    require((1...BundleLimits.imageBytes).contains(artefact.length), "images bounded")
    require(FrameSpans(artefact).byteCapacity <= 4 << 20, "the buffers of an install are bounded")
    _ = manifest.frameTable(of: artefact)
  }
  guard let image = manifest.slotImage else { return }
  let facts = InstallFacts(
    product: manifest.product, hardware: manifest.compatible,
    bootedSequence: manifest.minimumSource, bootedImage: nil, bootedVersion: manifest.version,
    floor: manifest.floor ?? 0, slotCapacity: image.length)
  _ = try InstallPolicy.decide(manifest, image: image, facts: facts, overrides: InstallOverrides())
}

/// The input is the table. Behind it: frame size, length of the last frame, and what is made right or wrong.
@Sendable private func fuzzFrameTable(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let (size, blocks, flags) = (input.steer(), Int(input.steer()), input.steer())
  var table = SampleTable(input.rest, frameSize: 0x10000 << Int(size % 7))
  if flags & 1 != 0 { table.setZeroDigests(lastBlocks: blocks) }
  var artefact = table.artefact(lastBlocks: blocks)
  if flags & 2 != 0 { artefact.payloadLength &+= UInt64(input.steer()) }
  guard artefact.length > 0 else { return }
  let frames = try FrameTable(
    verifying: table.bytes, description: table.description, artefact: artefact)
  checkFrames(frames, of: artefact)
}

/// What holds for every table that was accepted.
func checkFrames(_ frames: FrameTable, of artefact: Artefact) {
  var (image, payload) = (UInt64(0), UInt64(0))
  for index in 0..<frames.count {
    let frame = frames[index]
    require(
      frame.imageOffset == image && frame.payloadOffset == payload, "frames follow each other")
    require((1...artefact.frameSize).contains(frame.length), "frames have a length")
    require((0...frame.length).contains(frame.storedLength), "a frame is stored in no more bytes")
    image += UInt64(frame.length)
    payload += UInt64(frame.storedLength)
  }
  require(image == artefact.length, "frames are the image")
  require(payload == artefact.payloadLength, "frames are the payload")
  let plan = InstallPlan(frames) { $0 % 3 == 1 }
  require(plan.writeBytes + plan.keptBytes == artefact.length, "a plan is the whole image")
  require(plan.fetchBytes <= payload, "a plan fetches no more than there is")
  let spans = FrameSpans(artefact)
  let pieces = plan.runs.flatMap { spans.pieces(of: $0.frames) }
  require(pieces.flatMap(Array.init) == Array(0..<frames.count), "pieces are all frames")
  for piece in pieces {
    let range = frames.imageRange(piece)
    require(range.count <= spans.byteCapacity, "a piece fits into a buffer")
  }
}

/// The input is the stored bytes; the last three say codec and length.
@Sendable private func fuzzFrame(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let codec = FrameCodec(rawValue: input.steer() % 3) ?? .zstd
  let length = input.steer16() * 4
  let first = try FrameDecoding.decode(input.rest, codec, length: length, FrameDecoding.used)
  let fresh = try FrameDecoding.decode(input.rest, codec, length: length, FrameDecoder())
  require(first == fresh, "a decoder that was used before decodes the same")
  guard length <= 4096, codec == .zstd else { return }
  let (record, stored) = FrameEncoder(level: 1).encode(fresh)
  let again = try FrameDecoding.decode(stored, record.codec, length: length, FrameDecoder())
  require(again == fresh, "what is encoded decodes to the same")
}

private enum FrameDecoding {
  /// The decoder of a thread sees many frames, damaged ones too.
  nonisolated(unsafe) static let used = FrameDecoder()
  private static let guardBytes = 64

  /// With bytes behind the output that nobody may write: libzstd itself is not instrumented.
  static func decode(
    _ stored: [UInt8], _ codec: FrameCodec, length: Int, _ decoder: borrowing FrameDecoder
  ) throws -> [UInt8] {
    var output = [UInt8](repeating: 0xA5, count: length + guardBytes)
    let result = output.withUnsafeMutableBytes { output in
      Result {
        try stored.withUnsafeBytes {
          try decoder.decode(
            $0, codec: codec, into: UnsafeMutableRawBufferPointer(rebasing: output[..<length]))
        }
      }
    }
    require(output.suffix(guardBytes).allSatisfy { $0 == 0xA5 }, "nothing is written past the end")
    try result.get()
    return Array(output.prefix(length))
  }
}
