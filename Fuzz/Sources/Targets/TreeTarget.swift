internal import Glibc
internal import SystemPackage

@testable internal import SlotCore
@testable internal import SlotKit

/// Trees of services.
let treeTargets = [FuzzTarget(name: "tree", maximumLength: 12288, body: fuzzTree)]

/// The input is a tar archive, which travels in a signed bundle. Behind it: whether the checksums of its headers are made
/// right, and what its publisher announces otherwise than it is.
@Sendable private func fuzzTree(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let flags = input.steer()
  let archive = TreeArchive(input.rest, repairsChecksums: flags & 1 != 0)
  try UnicodeNames.following {
    var content = archive.described
    if flags & 2 != 0 { content.privileges = [] }
    if flags & 4 != 0 { content.entries = max(1, content.entries - 1) }
    if flags & 8 != 0 { content.bytes -= min(1, content.bytes) }
    let place = TreePlace()
    defer { place.check() }
    let expected = try TreeUnpacking.run(try archive.reader(content), content, into: place.tree)
    require(expected.items.count <= content.entries, "there is nothing that was not announced")
    let found = try TreeReading.inventory(of: place.tree, Cancellation())
    require(expected.difference(from: found) == nil, "the tree is what the archive says")
    for case (let path, .link(let target)) in found.items { place.check(link: path, target) }
  }
}

/// A tar archive, as a publisher packs it.
private struct TreeArchive {
  private static let block = 512
  private static let magic = Array("ustar".utf8)

  private let bytes: [UInt8]

  init(_ input: [UInt8], repairsChecksums: Bool) {
    // An artefact has whole blocks, and one at least.
    let length = max(1, (input.count + BundleLimits.blockBytes - 1) / BundleLimits.blockBytes)
    let padding = length * BundleLimits.blockBytes - input.count
    var bytes = input + [UInt8](repeating: 0, count: padding)
    if repairsChecksums {
      for start in stride(from: 0, to: bytes.count, by: TreeArchive.block)
      where bytes[(start + 257)...].starts(with: TreeArchive.magic) {
        TreeArchive.repair(&bytes, start)
      }
    }
    self.bytes = bytes
  }

  /// The sum of a header's bytes, of which the eight of the sum itself count as spaces: six octal digits.
  private static func repair(_ bytes: inout [UInt8], _ start: Int) {
    let sum = start + 148..<start + 156
    bytes.replaceSubrange(sum, with: repeatElement(UInt8(ascii: " "), count: 8))
    let total = bytes[start..<start + block].reduce(0) { $0 + Int($1) }
    let digits = String(total, radix: 8)
    let padded = String(repeating: "0", count: 6 - digits.utf8.count) + digits
    bytes.replaceSubrange(sum, with: Array(padded.utf8) + [0, UInt8(ascii: " ")])
  }

  /// What a publisher announces of it, as far as it can be read.
  var described: TreeContent {
    var content = TreeContent(entries: 0, bytes: 0)
    if let reader = try? reader(TreeContent(entries: 1, bytes: 0)) {
      while let entry = try? reader.next(), content.entries < 1000 {
        content.entries += 1
        guard case .file(let size) = entry.kind else { continue }
        content.bytes = min(BundleLimits.imageBytes, content.bytes + UInt64(clamping: size))
        let isPrivileged = entry.mode & 0o7000 != 0 || !entry.capability.isEmpty
        if isPrivileged, entry.capability.count <= TreeLimits.capabilityBytes,
          let path = try? TreeChecker.path(entry.path), !path.isEmpty
        {
          content.privileges.append(
            TreeContent.Privilege(path: path, mode: entry.mode, capability: entry.capability))
        }
      }
    }
    content.entries = max(1, content.entries)
    content.privileges = Array(content.privileges.prefix(TreeLimits.privileges))
    return content
  }

  /// Reads it out of a bundle with a valid signature.
  func reader(_ content: TreeContent) throws -> ArchiveReader {
    let (record, payload) = FrameEncoder(level: 1).encode(bytes)
    let table = record.encoded
    var artefact = Artefact(
      name: "service", kind: .tree, length: UInt64(bytes.count),
      imageDigest: Digest(of: record.plainDigest.bytes), frameSize: 0x10000,
      payloadLength: UInt64(payload.count))
    artefact.tree = content
    let manifest = Manifest(
      product: "fuzz", version: "1", sequence: 1, compatible: ["fuzz"],
      created: Timestamp(seconds: 0), artefacts: [artefact],
      tables: [
        TableDescription(
          kind: TableDescription.frames, artefact: artefact.name, length: UInt64(table.count),
          digest: Digest(of: table))
      ]
    ).encoded
    let signature = Array(FuzzKey.key.sign(manifest, trustedComment: "fuzz").file.utf8)
    let header = BundleHeader(
      manifestLength: manifest.count, signaturesLength: signature.count,
      tablesLength: UInt64(table.count))
    let bundle = try OpenedBundle(
      MemoryReader(header.encoded + manifest + signature + table + payload, isPipe: false),
      ring: FuzzKey.ring)
    return try ArchiveReader(
      FrameStream(bundle, try bundle.frames(of: artefact), of: artefact, Cancellation()))
  }
}

/// Where a tree is unpacked: beside it, and in the folder above, stands what nothing in an archive may touch.
private struct TreePlace {
  private static let outside = "outside"
  private static let levels = ["service", "inner", "tree"]

  private let folders: [FilePath]
  var tree: FilePath { folders[2] }

  init() {
    var folders: [FilePath] = []
    for name in TreePlace.levels {
      let path = folders.last?.appending(name) ?? Scratch.emptyFolder(name)
      do { try Files.makeDirectory(path) } catch { fatalError("\(path): \(error)") }
      folders.append(path)
    }
    for path in folders.dropLast() { Scratch.write([], to: path.appending(TreePlace.outside)) }
    self.folders = folders
  }

  /// Whatever the archive was: beside its tree everything is as it was.
  func check() {
    for (path, inner) in zip(folders, TreePlace.levels.dropFirst()) {
      require(
        Files.names(in: path) == [inner, TreePlace.outside].sorted(), "nothing is made outside")
      let status = try? TreeFiles.Folder(path).status(TreePlace.outside)
      require(
        status?.st_nlink == 1 && status?.st_size == 0 && status?.st_mode == S_IFREG | 0o600,
        "what stands outside is untouched")
    }
  }

  func check(link path: [UInt8], _ target: [UInt8]) {
    let link = tree.appending(String(decoding: path, as: UTF8.self))
    let target = FilePath(String(decoding: target, as: UTF8.self))
    require(!target.isAbsolute, "a link is relative")
    let place = link.removingLastComponent().pushing(target).lexicallyNormalized()
    require(place.starts(with: tree), "a link leads to a place in the tree")
    if let there = Files.resolved(link), let root = Files.resolved(tree) {
      require(there.starts(with: root), "and ends there, whatever it leads through")
    }
  }
}
