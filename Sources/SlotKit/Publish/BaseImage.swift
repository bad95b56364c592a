internal import Glibc
internal import SlotCore
internal import SystemPackage

/// The image of an older bundle, uncompressed into a file without a name and mapped into memory, so that making a
/// delta takes no more memory than the kernel can spare.
///
/// Every frame is checked against its digest. The signature is not: what a delta starts from is proposed, and devices
/// prove what comes of it.
final class BaseImage: Sendable {
  let imageDigest: Digest
  let product: String
  private let file: OutputFile
  private let mapping: MappedBytes

  var bytes: UnsafeRawBufferPointer { mapping.bytes }

  /// `path` is a bundle; the unnamed file is made beside `output`.
  ///
  /// - Throws: `SourceFailure`, `BundleFailure`, `OutputFailure`.
  init(bundle path: String, besides output: FilePath) throws {
    let bundle = try BundleFile(path)
    let manifest = try Manifest(decoding: bundle.manifestBytes)
    guard let artefact = manifest.slotImage else {
      throw BundleFailure(
        .malformedManifest, "\(path.printable) holds no slot image",
        hint: "give the bundle of an older release with --base")
    }
    try bundle.checkLength(manifest)
    let table = try bundle.frames(of: artefact, in: manifest)
    let start = bundle.header.payloadOffset + manifest.tablePayloadsLength
    let file = try OutputFile(besides: output)
    let sink = FrameSink(file)
    try OrderedWork.run(
      count: table.count,
      work: { try BaseImage.frame(table[$0], of: bundle, payloadAt: start) },
      deliver: { try sink.append($0) })
    imageDigest = artefact.imageDigest
    product = manifest.product
    mapping = try file.mapped(length: artefact.length)
    self.file = file
  }

  private static func frame(
    _ frame: Frame, of bundle: BundleFile, payloadAt start: UInt64
  ) throws -> [UInt8] {
    let stored = try bundle.file.bytes(
      at: start + frame.payloadOffset, count: frame.storedLength)
    guard Digest(of: stored) == frame.storedDigest else { throw SlotWriting.damaged(frame.index) }
    var plain = [UInt8](repeating: 0, count: frame.length)
    let decoder = FrameDecoder()
    try stored.withUnsafeBytes { input in
      try plain.withUnsafeMutableBytes { output in
        try decoder.decode(input, codec: frame.codec, into: output)
      }
    }
    guard Digest(of: plain) == frame.plainDigest else { throw SlotWriting.damaged(frame.index) }
    return plain
  }
}

/// `@unchecked Sendable`: `OrderedWork` calls `append` one at a time.
private final class FrameSink: @unchecked Sendable {
  private let file: OutputFile

  init(_ file: OutputFile) { self.file = file }

  func append(_ bytes: [UInt8]) throws(OutputFailure) { try file.append(bytes) }
}

/// A file in memory, read only: `mmap(2)`.
///
/// `@unchecked Sendable`: nothing is written through it.
final class MappedBytes: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  init(_ descriptor: FileDescriptor, length: Int) throws {
    guard let start = mmap(nil, length, PROT_READ, MAP_SHARED, descriptor.rawValue, 0),
      start != MAP_FAILED
    else { throw Errno(rawValue: errno) }
    bytes = UnsafeRawBufferPointer(start: start, count: length)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
