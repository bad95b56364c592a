internal import SlotCore
internal import SystemPackage

@testable internal import SlotKit

/// A bundle in memory. Whether its length is known before its end is the caller's choice, as with a pipe.
final class MemoryReader: BundleReader {
  let name = "memory"
  let totalLength: UInt64?
  private(set) var position: UInt64 = 0
  var bytesFetched: UInt64 { position }
  private let bytes: [UInt8]

  init(_ bytes: [UInt8], isPipe: Bool) {
    self.bytes = bytes
    totalLength = isPipe ? nil : UInt64(bytes.count)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let start = Int(min(position, UInt64(bytes.count)))
    let count = min(buffer.count, bytes.count - start)
    buffer.copyBytes(from: bytes[start..<start + count])
    position += UInt64(count)
    return count
  }

  func skip(to offset: UInt64) throws {
    require(offset >= position, "a reader is only moved on")
    position = offset
  }
}

/// Raw bytes. What is accepted is refused with any other byte in it, but for the signatures' own lines.
@Sendable func fuzzBundle(_ bytes: [UInt8]) throws {
  let header = try verify(bytes)
  let signatures = Int(header.signaturesOffset)..<Int(header.tablesOffset)
  for byte in Digest(of: bytes).bytes {
    let position = Int(byte) * bytes.count / 256
    guard !signatures.contains(position) else { continue }
    var changed = bytes
    changed[position] ^= byte | 1
    do { _ = try verify(changed) } catch { continue }
    fatalError("byte \(position) was changed, and nobody saw it")
  }
}

private func verify(_ bundle: [UInt8]) throws -> BundleHeader {
  let reader = MemoryReader(bundle, isPipe: bundle.count % 2 == 0)
  let opened = try OpenedBundle(reader, ring: FuzzKey.ring)
  try opened.verifyContent(Cancellation())
  return opened.header
}

/// The input is a bundle that gets a signature of the device's key first, so that what is behind it is reached.
@Sendable func fuzzSignedBundle(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let flags = input.steer()
  guard let parts = BundleParts(input.rest, flags: flags) else { return }
  let bundle = parts.signed
  func open() throws -> OpenedBundle {
    try OpenedBundle(MemoryReader(bundle, isPipe: flags & 0x80 != 0), ring: FuzzKey.ring)
  }
  let opened = try open()
  if let image = opened.manifest.slotImage {
    checkFrames(try opened.frames(of: image), of: image)
  }
  let whole = try open()
  try whole.verifyContent(Cancellation())
  require(UInt64(bundle.count) == whole.length, "a bundle is accepted to its last byte")
}

/// `krux-release bundle inspect` reads what nobody has verified, from a file.
@Sendable func fuzzInspection(_ bytes: [UInt8]) throws {
  let inspection = try BundleInspection(Scratch.file("bundle", bytes).string)
  let limits = JSONLimits(byteCount: 1 << 24, depth: 20, valueCount: 1 << 20)
  _ = try JSONParser.parse(Array(inspection.json.compact.utf8), limits: limits)
}
