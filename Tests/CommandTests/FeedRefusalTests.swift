import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// What `krux-release feed` refuses: one sentence, a hint, an exit status, and everything as it was.
@Suite struct FeedRefusalTests {
  /// A feed with 1.0.1 on both channels.
  private func shop() throws -> FeedShop {
    let shop = try FeedShop()
    try shop.create()
    #expect(try shop.add("1.0.1", channel: "nightly").status == 0)
    try shop.succeeds(
      "promote", "1.0.1", "--from", "nightly", "--to", "stable", keys: ["stable", "online"])
    return shop
  }

  private func expectRefused(
    _ shop: FeedShop, _ words: [String], _ status: Int32, _ sentence: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try shop.snapshot()
    let ended = try shop.run(words, keys: FeedShop.roles)
    #expect(ended.status == status, "\(words): \(ended.errors)", sourceLocation: sourceLocation)
    #expect(
      ended.errors.contains(sentence), "\(words): \(ended.errors)", sourceLocation: sourceLocation)
    #expect(try shop.snapshot() == before, "\(words)", sourceLocation: sourceLocation)
  }

  @Test func changesThatAreRefused() throws {
    let shop = try shop()
    for (words, sentence) in [
      ("promote 1.0.1 --from nightly --to stable", "channel stable has release 1.0.1 already"),
      ("promote 9.9 --from nightly --to stable", "channel nightly has no release 9.9"),
      ("promote 1.0.1 --from beta --to stable", "the feed has no channel 'beta'"),
      ("withdraw 9.9 --reason x", "no channel has a release 9.9"),
      ("rollout 1.0.1 --channel stable --wave 5@+1d", "would be to 0 % only"),
      ("rollout 1.0.1 --channel stable --wave 5", "'5' is no wave"),
      ("floor 99 --channel stable", "no release of channel stable would be left"),
      ("rotate-key beta --threshold 1", "the feed has no role 'beta'"),
      ("rotate-key root --threshold 2", "root would have 1 keys and need the signatures of 2"),
      ("rotate-key root --remove 00000000", "names no key that signs for root"),
      ("renew beta", "the feed has no role 'beta'"),
      ("renew stable --expires beta=4", "--expires: the feed has no role 'beta'"),
      ("renew stable --expires stable=0", "1 to 3650 days"),
      ("sign", "signs for nothing of what is staged"),
      ("sign beta", "nothing is staged for the role 'beta'"),
    ] {
      try expectRefused(shop, words.split(separator: " ").map(String.init), 83, sentence)
    }
    for words in ["renew timestamp", "renew stable --expires stable", "add --channel stable"] {
      try expectRefused(shop, words.split(separator: " ").map(String.init), 64, "Error: ")
    }
    let other = shop.path("root.pub")
    try expectRefused(shop, ["add-channel", "stable=\(other)"], 83, "cannot be a channel 'stable'")
    try expectRefused(shop, ["add-channel", "beta=\(other)/2"], 83, "need the signatures of 2")
    try expectRefused(shop, ["add-channel", "beta=\(shop.path("none"))"], 66, "cannot read")
    try expectRefused(shop, ["add-channel", "beta=\(shop.path("root.key"))"], 76, "public half")
    try expectRefused(shop, ["add-bundle-key", other], 76, "not a minisign public key")
    try expectRefused(shop, shop.setup, 83, "there is a feed in")
  }

  @Test func bundlesThatAreRefused() throws {
    let shop = try shop()
    func expectRefused(
      _ bytes: [UInt8], _ status: Int32, _ sentence: String, name: String = "bad.krux",
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try Data(bytes).write(to: shop.url(name))
      let words = [
        "add", shop.path(name), "--channel", "stable", "--public-key", shop.path("bundle.pub"),
      ]
      try self.expectRefused(shop, words, status, sentence, sourceLocation: sourceLocation)
    }
    let good = Releases.newer
    var payload = good.encoded
    payload[try BundleParts(payload).payload.lowerBound + 10] ^= 1
    try expectRefused(payload, 65, "the bundle is damaged in frame")
    try expectRefused(Array(good.encoded.dropLast()), 65, "the bundle ends after")
    try expectRefused(good.changing { $0.key = .generate() }.encoded, 76, "does not know")
    try expectRefused(
      good.changing { $0.manifest.product = "oven" }.encoded, 83, "the bundle is for product 'oven'"
    )
    try expectRefused(
      good.changing { $0.manifest.sequence = 11 }.encoded, 83,
      "sequence 11 is that of release 1.0.1")
    try expectRefused(
      good.changing { $0.manifest.version = "1.0.1" }.encoded, 83, "has release 1.0.1 already")
    try expectRefused(good.encoded, 83, "cannot be the name of a bundle", name: "a b.krux")
    // The name of a bundle that is there already is not given to another one.
    try expectRefused(good.encoded, 73, "another file is", name: "kruxos-1.0.1.krux")
  }

  @Test func aFeedThatIsNone() throws {
    let shop = try FeedShop()
    for words in ["status", "publish", "refresh-timestamp", "renew root"] {
      let ended = try shop.run(words.split(separator: " ").map(String.init))
      #expect(ended.status == 83)
      #expect(ended.errors.contains("hint: make one with 'krux-release feed init'"))
    }
    #expect(!FileManager.default.fileExists(atPath: shop.feed))
  }

  /// Whoever can write to the web server changes nothing of what a publisher signs next.
  @Test func whatIsPublishedIsVerifiedBeforeItIsSignedAgain() throws {
    let shop = try shop()
    let folder = "\(shop.feed)/targets/channels"
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where name.hasSuffix(".stable.json") {
      let url = URL(filePath: "\(folder)/\(name)")
      let text = try String(contentsOf: url, encoding: .utf8)
      try text.replacingOccurrences(of: "1.0.1", with: "1.0.7")
        .write(to: url, atomically: false, encoding: .utf8)
    }
    try expectRefused(
      shop, ["floor", "5", "--channel", "stable"], 83, "is not what was signed")
  }

  @Test func keyFilesThatAreRefused() throws {
    let shop = try shop()
    try succeed(
      "openssl", "pkcs8", "-topk8", "-in", shop.path("root.key"), "-passout", "pass:x", "-out",
      shop.path("locked.key"))
    try Data("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8)
      .write(to: shop.url("broken.key"))
    for (key, sentence) in [
      ("locked", "without a password only"), ("broken", "not the secret half"),
      ("root.pub", "cannot read"),
    ] {
      let before = try shop.snapshot()
      let ended = try shop.run(["renew", "root"], keys: [key])
      #expect([66, 76].contains(ended.status), "\(ended.errors)")
      #expect(ended.errors.contains(sentence), "\(ended.errors)")
      #expect(try shop.snapshot() == before)
    }
    let both = try run([
      Executable.release, "keygen", "--pem", "--password-file", "x", "--secret", "a", "--public",
      "b",
    ])
    #expect(both.status == 64)
  }
}
