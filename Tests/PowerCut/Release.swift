import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import SystemPackage

/// A release of the simulated appliance's life, and what its system does when it is booted.
struct Release: Sendable {
  enum Nature: Sendable {
    case good
    /// Comes up, and its services do not.
    case unhealthy
    /// Ends before anything of it runs.
    case crashing
    /// Comes up without its data partition.
    case withoutData
    /// Good, and an operator does not like it.
    case rejected
  }

  let number: Int
  let nature: Nature
  let bundle: SampleBundle
  /// The bundle in a file.
  let path: String
  /// What the blocks of a slot hold that holds the image.
  let blocks: [BlockContent]

  var version: String { bundle.manifest.version }
  var digest: Digest { bundle.manifest.artefacts[0].imageDigest }

  static let complaint = "gateway failed to start"
  static let rejection = "the buttons are the wrong way round"

  /// What the checks of its health say.
  var check: CheckResult {
    switch nature {
    case .good, .rejected, .crashing: .healthy
    case .unhealthy: .unhealthy(reason: Release.complaint)
    case .withoutData: .unhealthy(reason: "the data partition is not mounted")
    }
  }

  /// Part of the reason that `status` may give for its failure, beside "tries used".
  var expectedReason: String? {
    switch nature {
    case .good, .crashing: nil
    case .unhealthy: Release.complaint
    case .withoutData: "the data partition is not mounted"
    case .rejected: Release.rejection
    }
  }
}

/// All releases of one life, their bundles and the key in a folder of their own, where one appliance at a time may run.
public final class ReleaseShop: Sendable {
  static let natures: [Release.Nature] = [
    .good, .good, .unhealthy, .good, .crashing, .good, .withoutData, .rejected, .good,
  ]

  let folder: FilePath
  let pool = BlockPool()
  let releases: [Release]
  let imageBytes: Int
  let configuration: Configuration
  private let byBlocks: [UInt64: Int]

  /// - Parameter frames: of 64 KiB, in each image; every fourth is zeros.
  public init(frames: Int) throws {
    folder = FilePath("/dev/shm/powercut-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
    try Files.makeDirectory(folder.appending("keys.d"))
    let key = SecretKey.generate()
    try Files.replace(
      folder.appending("keys.d/test.pub"), with: Array(key.publicKey.file.utf8))
    var releases: [Release] = []
    for (index, nature) in ReleaseShop.natures.enumerated() {
      let bundle = ReleaseShop.bundle(index, frames: frames, after: releases, key)
      let path = folder.appending("\(index).krux")
      try Files.replace(path, with: bundle.encoded)
      releases.append(
        Release(
          number: index, nature: nature, bundle: bundle, path: path.string,
          blocks: ReleaseShop.blocks(of: bundle.image, pool)))
    }
    self.releases = releases
    imageBytes = frames * SampleBundle.frameSize
    var configuration = Configuration()
    configuration.product = "kruxos"
    configuration.hardware = ["test-box"]
    self.configuration = configuration
    byBlocks = Dictionary(
      uniqueKeysWithValues: releases.map { (ReleaseShop.hash($0.blocks), $0.number) })
  }

  deinit { try? FileManager.default.removeItem(atPath: folder.string) }

  /// Some releases are mostly the one before, and have deltas from all before: an install then goes through recipes.
  private static func bundle(
    _ index: Int, frames: Int, after earlier: [Release], _ key: SecretKey
  ) -> SampleBundle {
    let fresh = SampleBundle(
      version: "\(index + 1).0", sequence: Int64(index + 1), frames: frames,
      seed: UInt64(index), key: key)
    guard deltaReleases.contains(index), let before = earlier.last else { return fresh }
    var image = before.bundle.image
    // Half of the blocks stay where they are, some move by one, others are new.
    let block = BundleLimits.blockBytes
    for start in stride(from: 0, to: image.count - block, by: block) where start / block % 2 == 0 {
      let isNew = start / block % 4 == 0
      image.replaceSubrange(
        start..<start + block,
        with: isNew
          ? fresh.image[start..<start + block]
          : before.bundle.image[start + block..<start + 2 * block])
    }
    var bundle = SampleBundle(
      image: image, version: fresh.manifest.version, sequence: fresh.manifest.sequence, key: key)
    for release in earlier { bundle.addDelta(from: release.bundle) }
    return bundle
  }

  private static let deltaReleases = [1, 3, 5, 8]

  private static func blocks(of image: [UInt8], _ pool: BlockPool) -> [BlockContent] {
    stride(from: 0, to: image.count, by: PowerCutDisk.blockBytes).map {
      pool.content(of: Array(image[$0..<$0 + PowerCutDisk.blockBytes]))
    }
  }

  private static func hash(_ blocks: [BlockContent]) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(blocks)
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  /// The release that a slot with these blocks holds whole.
  func release(in blocks: [BlockContent]) -> Release? {
    guard let number = byBlocks[ReleaseShop.hash(blocks)] else { return nil }
    return releases[number].blocks == blocks ? releases[number] : nil
  }

  func release(_ digest: Digest) -> Release? { releases.first { $0.digest == digest } }
  func release(version: String) -> Release? { releases.first { $0.version == version } }
}
