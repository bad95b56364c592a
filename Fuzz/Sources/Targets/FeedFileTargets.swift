@testable internal import SlotCore

/// What a feed's metadata vouch for, what an operator chose of a feed, and keys as other tools of a publisher write them.
let feedFileTargets = [
  FuzzTarget(name: "release-index", maximumLength: 4096, body: fuzzReleaseIndex),
  FuzzTarget(name: "bundle-keys", maximumLength: 2048, body: fuzzBundleKeys),
  FuzzTarget(name: "feed-settings", maximumLength: 512, body: fuzzFeedSettings),
  FuzzTarget(name: "pem-key", maximumLength: 512, body: fuzzPEMKey),
]

/// 2026-01-01
private let now = Timestamp(seconds: 1_767_225_600)

@Sendable private func fuzzReleaseIndex(_ bytes: [UInt8]) throws {
  let index = try ReleaseIndex(decoding: bytes)
  require(try ReleaseIndex(decoding: index.encoded) == index, "an index is written as it was read")
  for release in index.releases {
    let facts = ReleaseFacts(
      hardware: release.compatible, version: release.version,
      sequence: release.sequence &- (release.minimumSource ?? 1), image: nil,
      floor: release.minimumSource ?? 0, machineID: "fuzz",
      pin: release.severity == .critical ? release.version : nil, now: now)
    let choice = ReleasePolicy(index, facts).choose()
    if case .available(let offered, _) = choice.offer {
      require(offered.withdrawal == nil, "what is withdrawn is not offered")
      require(offered.sequence >= max(facts.floor, index.floor ?? 0), "nor what is below the floor")
    }
  }
}

@Sendable private func fuzzBundleKeys(_ bytes: [UInt8]) throws {
  let keys = try BundleKeys(decoding: bytes)
  require(try BundleKeys(decoding: keys.encoded) == keys, "a list is written as it was read")
  let ring = keys.ring(with: KeyRing([FuzzKey.key.publicKey]))
  require(!ring.keys.contains(where: keys.isWithdrawn), "a withdrawn key counts no more")
  let withdrawal = BundleKeys.Withdrawal(key: FuzzKey.key.publicKey, reason: "lost")
  let fewer = keys.adding(withdrawals: [withdrawal])
  require(fewer.withdrawn.starts(with: keys.withdrawn), "withdrawals only grow")
  require(fewer.isWithdrawn(FuzzKey.key.publicKey), "and count")
}

@Sendable private func fuzzFeedSettings(_ bytes: [UInt8]) throws {
  var settings = try FeedSettings(decoding: bytes)
  let again = try FeedSettings(decoding: settings.encoded)
  require(again.channel == settings.channel && again.pin == settings.pin, "settings are kept")
  settings.pin = nil
  require(try FeedSettings(decoding: settings.encoded).pin == nil, "a pin can be taken away")
}

@Sendable private func fuzzPEMKey(_ bytes: [UInt8]) throws {
  let text = String(decoding: bytes, as: UTF8.self)
  guard PEMKey.isPEM(text) else { return }
  if let secret = try? PEMKey.secretKey(text) {
    require(try PEMKey.secretKey(PEMKey.encode(secret)).seed == secret.seed, "a key is kept")
    return
  }
  let key = try PEMKey.publicKey(text)
  require(try PEMKey.publicKey(PEMKey.encode(key)) == key, "a key is kept")
  _ = key.verifies([UInt8](repeating: 1, count: 64), of: bytes)
}
