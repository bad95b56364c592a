import Foundation
import SlotCore
import SlotCoreTesting
import SlotKitTesting

/// A feed as docs/formats/feed.md describes it, served by nginx, and a device that follows it.
final class ServedFeed {
  let server: WebServer
  let device: DeviceFolder
  private var feed = SampleFeed(
    expires: Timestamp("2099-01-01T00:00:00Z") ?? SampleFeed.later)
  private var version: Int64 = 0

  /// Channels `stable` and `beta` without a release.
  init(
    tls: Bool = false, asksForCertificate: Bool = false, rootKey: SecretKey? = nil
  ) throws {
    if let rootKey {
      feed.trust([rootKey], for: TUF.RoleName.root)
      feed.signers[TUF.RoleName.root] = [rootKey]
    }
    server = try WebServer(tls: tls, asksForCertificate: asksForCertificate)
    device = try DeviceFolder()
    for name in ["metadata", "targets/channels", "bundles"] {
      try FileManager.default.createDirectory(
        at: server.folder.appending(path: "www/\(name)"), withIntermediateDirectories: true)
    }
    for channel in ["stable", "beta"] {
      feed.delegate(
        to: channel, paths: [ReleaseIndex.target(of: channel)], isTerminating: true)
    }
    try device.write("root.json", feed.rootFile)
    try device.write("feed-address", Array(server.address("").utf8))
    try device.write("machine-id", Array("0123456789abcdef0123456789abcdef\n".utf8))
    try publish(on: "beta")
    try publish(on: "stable")
  }

  /// The entry of a bundle in an index; the bundle is served too.
  func release(
    _ bundle: SampleBundle, rollout: Rollout = .everybody, withdrawn: String? = nil
  ) throws -> Release {
    let manifest = bundle.manifest
    let bytes = bundle.encoded
    let path = "bundles/kruxos-\(manifest.version).krux"
    _ = try server.publish(bytes, path)
    return Release(
      version: manifest.version, sequence: manifest.sequence, compatible: manifest.compatible,
      released: Timestamp(seconds: 1_790_000_000), notes: ["Fixed rate limiter edge case"],
      bundle: path, bundleLength: UInt64(bytes.count), manifestDigest: Digest(of: manifest.encoded),
      imageDigest: manifest.artefacts[0].imageDigest, rollout: rollout,
      withdrawal: withdrawn.map {
        Release.Withdrawal(at: Timestamp(seconds: 1_790_000_100), reason: $0)
      })
  }

  /// Publishes new metadata, with these releases on `channel`.
  func publish(
    _ releases: Release..., on channel: String = "stable", product: String = "kruxos",
    floor: Int64? = nil
  ) throws {
    let index = ReleaseIndex(
      channel: channel, product: product, issued: Timestamp(seconds: 1_790_000_200), floor: floor,
      releases: releases)
    feed.add(ReleaseIndex.target(of: channel), index.encoded, to: channel)
    let hash = TUF.Hash(.sha256, of: index.encoded).hex
    try write("targets/channels/\(hash).\(channel).json", index.encoded)
    try publish()
  }

  /// Adds the list of the keys of bundles, which counts from the next publication on.
  func list(_ keys: BundleKeys) throws {
    feed.add(BundleKeys.target, keys.encoded)
    let hash = TUF.Hash(.sha256, of: keys.encoded).hex
    try write("targets/\(hash).\(BundleKeys.target)", keys.encoded)
    try publish()
  }

  /// Says when the targets were signed.
  func issue(at time: Timestamp) throws {
    feed.targets.issued = time
    try publish()
  }

  private func publish() throws {
    version += 1
    feed.targets.header.version = version
    feed.snapshot.header.version = version
    feed.timestamp.header.version = version
    for name in ["stable", "beta"] {
      feed.delegated[name]?.header.version = version
      guard let role = feed.delegated[name] else { continue }
      try write("metadata/\(role.header.version).\(name).json", feed.signed(role, as: name))
    }
    try write("metadata/\(version).targets.json", feed.targetsFile)
    try write("metadata/\(version).snapshot.json", feed.snapshotFile)
    try write("metadata/timestamp.json", feed.timestampFile)
  }

  /// The next root, with another key for the timestamp.
  func rotate() throws {
    let key = SecretKey.generate()
    feed.root.header.version += 1
    feed.trust([key], for: TUF.RoleName.timestamp)
    feed.signers[TUF.RoleName.timestamp] = [key]
    try write("metadata/\(feed.root.header.version).root.json", feed.rootFile)
    try publish()
  }

  /// As images of this feed have it.
  var rootFile: [UInt8] { feed.rootFile }

  /// Lets the feed's timestamp be of the past.
  func expire() throws {
    feed.timestamp.header.version += 1
    feed.timestamp.header.expires = Timestamp(seconds: 1_700_000_000)
    try write("metadata/timestamp.json", feed.timestampFile)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws { _ = try server.publish(bytes, name) }

  /// Lets the device follow a feed that nobody serves.
  func disconnect() throws {
    try device.write("feed-address", Array("http://127.0.0.1:\(try LoopbackSocket().port)/".utf8))
  }
}
