import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// A publisher's feed, from its making to the rotation of every key, with the client of feeds beside it.
@Suite struct FeedPublishTests {
  // MARK: - A whole life

  @Test func aFeedsLife() throws {
    let shop = try FeedShop()
    try shop.create()
    #expect(try shop.status().text("product") == "kruxos")
    #expect(try shop.add("1.0.1", channel: "nightly", "--severity", "important").status == 0)
    #expect(try shop.versions("nightly") == ["1.0.1"])
    #expect(try shop.versions("stable") == [])
    let bundle = try Data(contentsOf: URL(filePath: "\(shop.feed)/bundles/kruxos-1.0.1.krux"))
    #expect(Array(bundle) == Releases.next.encoded)

    let said = try shop.succeeds(
      "promote", "1.0.1", "--from", "nightly", "--to", "stable", "--wave", "5@+0d", "--wave",
      "100@+2d", keys: ["stable", "online"])
    #expect(said == "Published: stable 2, snapshot 3, timestamp 3\n")
    #expect(try shop.releases("stable").first?["offeredPercent"] as? Int == 5)
    #expect(try shop.releases("stable").first?["severity"] as? String == "important")

    let less = try shop.run(
      ["rollout", "1.0.1", "--channel", "stable", "--wave", "4@+0d"], keys: ["stable", "online"])
    #expect(less.status == 83)
    #expect(less.errors.contains("--force"))
    try shop.succeeds(
      "rollout", "1.0.1", "--channel", "stable", "--wave", "50@+0d", keys: ["stable", "online"])
    #expect(try shop.releases("stable").first?["offeredPercent"] as? Int == 50)

    #expect(try shop.add("1.0.2").status == 0)
    try shop.succeeds("floor", "12", "--channel", "stable", keys: ["stable", "online"])
    try shop.succeeds(
      "withdraw", "1.0.1", "--reason", "It forgets", keys: ["stable", "nightly", "online"])
    #expect(try shop.versions("stable") == ["1.0.2", "1.0.1"])
    let text = try shop.succeeds("status")
    #expect(text.contains("  1.0.1 (11), important, withdrawn: It forgets\n"), "\(text)")
    #expect(text.contains("Channel stable: 2 releases, floor 12\n"))
    #expect(try shop.staged() == [])
  }

  @Test func keysOfBundles() throws {
    let shop = try FeedShop()
    try shop.create()
    let id = "\(Releases.key.publicKey.id)"
    try shop.succeeds("add-bundle-key", shop.path("bundle.pub"), keys: ["targets", "online"])
    #expect(try shop.succeeds("status").contains("Keys of bundles:\n  \(id)\n"))
    try shop.succeeds(
      "withdraw-bundle-key", shop.path("bundle.pub"), "--reason", "Lost",
      keys: ["targets", "online"])
    #expect(try shop.succeeds("status").contains("  \(id)  withdrawn: Lost\n"))
    let again = try shop.run(
      ["add-bundle-key", shop.path("bundle.pub")], keys: ["targets", "online"])
    #expect(again.status == 83)
  }

  /// A bundle that another server has is not copied.
  @Test func aBundleElsewhere() throws {
    let shop = try FeedShop()
    try shop.create()
    let address = "https://cdn.example/kruxos-1.0.1.krux"
    #expect(try shop.add("1.0.1", channel: "stable", "--address", address).status == 0)
    #expect(!FileManager.default.fileExists(atPath: "\(shop.feed)/bundles"))
    #expect(try shop.versions("stable") == ["1.0.1"])
    #expect(try shop.add("1.0.2", channel: "stable", "--address", "/x.krux").status == 64)
  }

  // MARK: - Clients

  /// What `krux-update feed` fetches of a feed, through the rotation of every key.
  @Test func aClientFollowsARotationOfEveryKey() throws {
    let server = try WebServer()
    let www = server.folder.appending(path: "www").path
    let shop = try FeedShop(feed: "\(www)/feed")
    try shop.create()
    let device = shop.path("device")
    try succeed(
      Executable.update, "feed", "init", "--root", "\(shop.feed)/metadata/1.root.json",
      "--metadata-dir", device)
    #expect(try shop.add().status == 0)
    #expect(try index(shop, server, device).releases.map(\.version) == ["1.0.1"])

    var secrets = FeedShop.roles
    for role in ["timestamp", "snapshot", "targets", "stable", "nightly", "root"] {
      try shop.keygen("new-\(role)")
      let old = try shop.keyID(role)
      secrets.append("new-\(role)")
      try shop.succeeds(
        "rotate-key", role, "--add", shop.path("new-\(role).pub"), "--remove", old, keys: secrets)
      #expect(try shop.keyID(role) != old)
      #expect(try index(shop, server, device).channel == "stable")
    }
    #expect(try shop.version("root") == 5)
    // The old keys sign nothing any more.
    let old = try shop.run(
      [
        "add", shop.path("kruxos-1.0.2.krux"), "--channel", "stable",
        "--public-key", shop.path("bundle.pub"),
      ], keys: FeedShop.roles)
    #expect(old.output.contains("Missing:   stable"))
    try shop.succeeds("sign", keys: ["new-stable", "new-snapshot", "new-timestamp"])
    #expect(try index(shop, server, device).releases.map(\.version) == ["1.0.1", "1.0.2"])
  }

  /// What the client fetches of channel stable.
  private func index(
    _ shop: FeedShop, _ server: WebServer, _ device: String
  ) throws -> ReleaseIndex {
    let targets = shop.path("fetched")
    try FileManager.default.createDirectory(
      atPath: targets, withIntermediateDirectories: true)
    try succeed(
      Executable.update, "feed", "fetch", "--metadata-url", server.address("feed/metadata"),
      "--metadata-dir", device, "--target-base-url", server.address("feed/targets"),
      "--target-dir", targets, "channels/stable.json", "keys.json")
    let bytes = try Data(contentsOf: URL(filePath: "\(targets)/channels%2Fstable.json"))
    return try ReleaseIndex(decoding: Array(bytes))
  }

  // MARK: - Signing in several steps

  @Test func signingInSeveralPlaces() throws {
    let shop = try FeedShop()
    let first = try shop.run(shop.setup, keys: ["online"])
    #expect(first.status == 0)
    #expect(first.output.hasPrefix("Staged: root 1, targets 1, nightly 1, stable 1, snapshot 1"))
    #expect(first.output.contains("Missing:   root 1: 1 more of the keys "))
    #expect(
      first.output.contains(
        "krux-release feed sign --feed \(shop.feed) --key SECRET root targets nightly stable"))
    #expect(!FileManager.default.fileExists(atPath: "\(shop.feed)/metadata"))
    #expect(try shop.run(["publish"]).status == 83)

    // The folder travels to each key, and back.
    for role in ["root", "targets", "nightly"] {
      let said = try shop.succeeds("sign", keys: [role])
      #expect(said.hasPrefix("Staged: ") && !said.contains("\(role) 1: "), "\(said)")
    }
    #expect(
      try shop.succeeds("sign", "stable", "--no-publish", keys: ["stable"])
        .contains("krux-release feed publish --feed \(shop.feed)"))
    #expect(!FileManager.default.fileExists(atPath: "\(shop.feed)/metadata"))
    #expect(try shop.succeeds("publish").hasPrefix("Published: root 1, "))
    #expect(try shop.staged() == [])
  }

  @Test func aKeyOfMinisignsFormatWithAPassword() throws {
    let shop = try FeedShop()
    try Data("secret\n".utf8).write(to: shop.url("password"))
    let password = ["--password-file", shop.path("password")]
    for name in ["online.key", "online.pub"] {
      try FileManager.default.removeItem(at: shop.url(name))
    }
    try succeed(
      Executable.release, "keygen", "--secret", shop.path("online.key"), "--public",
      shop.path("online.pub"), "--password-file", shop.path("password"))
    let refused = try shop.run(shop.setup, keys: FeedShop.roles)
    #expect(refused.status == 76)
    #expect(!FileManager.default.fileExists(atPath: "\(shop.feed)/staging"))
    let made = try shop.run(shop.setup + password, keys: FeedShop.roles)
    #expect(made.status == 0, "\(made.errors)")
  }

  @Test func keysOfOpenssl() throws {
    let shop = try FeedShop()
    let (secret, open) = (shop.path("root.key"), shop.path("root.pub"))
    try succeed("openssl", "genpkey", "-algorithm", "ed25519", "-out", secret)
    try succeed("openssl", "pkey", "-in", secret, "-pubout", "-out", open)
    try shop.create()
    #expect(try shop.version("root") == 1)
    // And openssl reads ours.
    let text = try succeed("openssl", "pkey", "-in", shop.path("stable.key"), "-noout", "-text")
    #expect(text.hasPrefix("ED25519 Private-Key:"))
    let mode = try FileManager.default.attributesOfItem(atPath: shop.path("stable.key"))
    #expect(mode[.posixPermissions] as? Int == 0o600)
  }

  // MARK: - Times

  @Test func aTimerRenewsTheTimestamp() throws {
    let shop = try FeedShop()
    try shop.create()
    try shop.succeeds("renew", "stable", "--no-publish", keys: ["stable"])
    let staged = try shop.snapshot().filter { $0.key.hasPrefix("staging/") }
    #expect(
      try shop.succeeds("refresh-timestamp", keys: ["online"]) == "Published: timestamp 2\n")
    #expect(
      try shop.succeeds(
        "refresh-timestamp", "--snapshot", "--expires", "timestamp=3",
        keys: ["online"])
        == "Published: snapshot 2, timestamp 3\n")
    #expect([2, 3].contains(try shop.role("timestamp")["expiresInDays"] as? Int))
    #expect(try shop.snapshot().filter { $0.key.hasPrefix("staging/") } == staged)
    let before = try shop.snapshot()
    #expect(try shop.run(["refresh-timestamp"], keys: ["stable"]).status == 83)
    #expect(try shop.snapshot() == before)
    #expect(
      try shop.succeeds("publish", keys: ["online"])
        == "Published: stable 2, snapshot 3, timestamp 4\n")
  }

  @Test func whatExpiresSoonIsSaid() throws {
    let shop = try FeedShop()
    try shop.create()
    func refresh(_ time: String, _ more: String...) throws -> Child.Ended {
      try run(
        [
          "faketime", "-f", time, Executable.release, "feed", "refresh-timestamp", "--feed",
          shop.feed, "--key", shop.path("online.key"),
        ] + more)
    }
    let late = try refresh("+25d")
    #expect(late.status == 0, "\(late.errors)")
    #expect(late.errors.hasPrefix("warning: snapshot expires at "))
    let behind = try refresh("-3d")
    #expect(behind.status == 83)
    #expect(behind.errors.contains("the clock of this machine"))
    #expect(try refresh("-3d", "--clock-is-right").status == 0)
    let expired = try run([
      "faketime", "-f", "+40d", Executable.release, "feed", "status", "--feed",
      shop.feed,
    ])
    #expect(expired.output.contains("snapshot: version 1, expires EXPIRED"))
  }
}
