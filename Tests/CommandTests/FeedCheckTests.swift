import SlotCore
import SlotKitTesting
import Testing

/// What an operator sees of the feed: check, apply from the channel, channel, pin.
@Suite struct FeedCheckTests {
  private let feed: ServedFeed
  private var device: DeviceFolder { feed.device }

  init() throws { feed = try ServedFeed() }

  private func check(_ words: String...) throws -> Child.Ended {
    try device.update(["check"] + words)
  }

  private func days(_ count: Int64) throws -> Rollout {
    let now = try #require(Int64(try run(["date", "+%s"]).output.prefix { $0.isNumber }))
    return Rollout(waves: [
      .init(from: Timestamp(seconds: now + count * 86_400 - 3600), percent: 100)
    ])
  }

  // MARK: - Check

  @Test func anUpdateIsWaiting() throws {
    try feed.publish(try feed.release(Releases.next))
    let checked = try check()
    #expect(checked.status == 100)
    let size = (Releases.next.encoded.count + 500_000) / 1_000_000
    #expect(
      checked.output == """
        Current version: 1.0.0
        Latest version:  1.0.1 (stable, released 2026-09-21, \(size) MB)

        Changes in 1.0.1:
          - Fixed rate limiter edge case

        Run 'krux update apply' to install.

        """)
    #expect(checked.errors == "")
    #expect(try device.targetIsUntouched())
  }

  @Test func nothingIsNew() throws {
    let checked = try check()
    #expect(checked.status == 0)
    #expect(
      checked.output == """
        Current version: 1.0.0
        This is the newest version for this device on channel stable.

        """)
  }

  @Test func aRolloutIsAwaited() throws {
    try feed.publish(try feed.release(Releases.next, rollout: try days(3)))
    let checked = try check()
    #expect(checked.status == 0)
    #expect(checked.output.contains("1.0.1 is available to this device in about 3 days."))
    let refused = try device.update("apply", "--no-reboot")
    #expect(refused.status == 83)
    #expect(refused.errors.contains("--now"))
    #expect(try device.targetIsUntouched())
    #expect(try device.update("apply", "--now", "--no-reboot").status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }

  @Test func aWithdrawnReleaseIsSaid() throws {
    try feed.publish(try feed.release(Releases.next))
    #expect(try device.update("apply", "--reboot").status == 0)
    #expect(try device.update("confirm").status == 0)
    try device.write("os-release", Array("IMAGE_VERSION=1.0.1\n".utf8))
    try feed.publish(try feed.release(Releases.next, withdrawn: "It eats \u{1B}[2J disks"))
    let checked = try check()
    #expect(checked.status == 0)
    #expect(checked.output.contains("The running version was withdrawn: It eats "))
    #expect(!checked.output.contains("\u{1B}"))
    let object = try JSONObject(try check("--json").output)
    #expect(object.text("withdrawn") == "It eats \u{1B}[2J disks")
    let refused = try device.update("apply", "--version", "1.0.1")
    #expect(refused.status == 83)
    #expect(refused.errors.contains("was withdrawn"))
  }

  @Test func anObjectForPrograms() throws {
    try feed.publish(try feed.release(Releases.next))
    let checked = try check("--json")
    #expect(checked.status == 100)
    let object = try JSONObject(checked.output)
    #expect(object.text("offer") == "available")
    #expect(object.text("offeredVersion") == "1.0.1")
    #expect(object.text("channel") == "stable")
    #expect(object.text("version") == "1.0.0")
  }

  @Test(arguments: ["", "uninitialized\n"])
  func aDeviceWithoutAnIdIsTheLastOfARollout(_ machineID: String) throws {
    let rollout = Rollout(waves: [.init(from: Timestamp(seconds: 0), percent: 99)])
    try feed.publish(try feed.release(Releases.next, rollout: rollout))
    try device.write("machine-id", Array(machineID.utf8))
    let checked = try check()
    #expect(checked.status == 0)
    #expect(checked.output.contains("The rollout of 1.0.1 does not reach this device yet. Wait"))
  }

  @Test func aFailedReleaseIsHeldBack() throws {
    try feed.publish(try feed.release(Releases.next))
    #expect(try device.update("apply", "--reboot").status == 0)
    #expect(try device.update("reject", "--reason", "the fan stopped", "--reboot").status == 0)
    let checked = try check()
    #expect(checked.status == 0)
    #expect(checked.output.contains("1.0.1 failed on this device before: the fan stopped."))
    #expect(try device.update("apply").status == 83)
    try feed.publish(try feed.release(Releases.next), try feed.release(Releases.newer))
    #expect(try check().status == 100)
  }

  // MARK: - Apply

  @Test func theNewestIsInstalled() throws {
    try feed.publish(try feed.release(Releases.next), try feed.release(Releases.newer))
    let applied = try device.update("apply", "--no-reboot")
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(Releases.newer.image))
  }

  @Test func aNamedReleaseIsInstalled() throws {
    try feed.publish(try feed.release(Releases.next), try feed.release(Releases.newer))
    #expect(try device.update("apply", "--version", "1.0.1", "--no-reboot").status == 0)
    #expect(try device.slotHolds(Releases.next.image))
    let unknown = try device.update("apply", "--version", "7")
    #expect(unknown.status == 83)
    #expect(unknown.errors.contains("channel stable has no release 7"))
  }

  @Test func nothingToInstallIsNoError() throws {
    let applied = try device.update("apply")
    #expect(applied.status == 0)
    #expect(applied.output == "This is the newest version for this device; nothing to do.\n")
    #expect(try device.targetIsUntouched())
  }

  /// A mirror that serves another bundle, though it is signed: an older one, for instance.
  @Test func aBundleHasToBeTheOneThatWasAnnounced() throws {
    let release = try feed.release(Releases.newer)
    try feed.publish(release)
    try feed.write(release.bundle, Releases.next.encoded)
    let refused = try device.update("apply", "--no-reboot")
    #expect(refused.status == 83)
    #expect(refused.errors.contains("is not the one that the feed announces as 1.0.2"))
    #expect(try device.targetIsUntouched())
  }

  /// The feed's word alone is not enough either.
  @Test func aBundleNeedsAKeyOfTheDevice() throws {
    let foreign = SampleBundle(version: "1.0.1", sequence: 11, frames: 16)
    try feed.publish(try feed.release(foreign))
    let refused = try device.update("apply", "--no-reboot")
    #expect(refused.status == 76)
    #expect(try device.targetIsUntouched())
  }

  @Test func theFloorOfTheFeedHolds() throws {
    try feed.publish(floor: 12)
    #expect(try check().status == 0)
    let path = try device.bundle(Releases.next.encoded)
    let refused = try device.update("apply", path)
    #expect(refused.status == 80)
    #expect(refused.errors.contains("below the floor 12"))
  }

  // MARK: - Channel, pin

  @Test func aChannelIsFollowed() throws {
    try feed.publish(try feed.release(Releases.next), on: "beta")
    #expect(try check().status == 0)
    #expect(try device.update("channel").output == "Channel: stable\n")
    #expect(try device.update("channel", "beta").output == "Channel: beta\n")
    #expect(try device.update("channel").output == "Channel: beta\n")
    let checked = try check()
    #expect(checked.status == 100)
    #expect(checked.output.contains("(beta, released"))
  }

  @Test func aChannelThatTheFeedHasNotIsRefused() throws {
    let refused = try device.update("channel", "nightly")
    #expect(refused.status == 83)
    #expect(refused.errors.contains("the feed has no channel 'nightly'"))
    #expect(try device.update("channel").output == "Channel: stable\n")
    #expect(try device.update("channel", "../x").status == 83)
  }

  @Test func aPinHoldsAndLeads() throws {
    try feed.publish(try feed.release(Releases.next), try feed.release(Releases.newer))
    #expect(try device.update("pin", "1.0.0").output == "Pinned to 1.0.0.\n")
    let held = try check()
    #expect(held.status == 0)
    #expect(held.output.contains("Latest version:  1.0.2"))
    #expect(held.output.contains("This device is pinned to 1.0.0."))
    #expect(try device.update("apply").status == 83)
    #expect(try device.targetIsUntouched())
    #expect(try device.update("pin", "1.0.1").status == 0)
    #expect(try device.update("apply", "--no-reboot").status == 0)
    #expect(try device.slotHolds(Releases.next.image))
    #expect(try device.update("unpin").output == "Not pinned.\n")
    #expect(try check().output.contains("Run 'krux update apply' to install."))
  }

  /// A pin that gets lost would let the device move.
  @Test func damagedSettingsAreAnError() throws {
    try feed.publish(try feed.release(Releases.next))
    #expect(try device.update("pin", "1.0.0").status == 0)
    try device.write("feed.json", Array("{".utf8))
    #expect(try check().status == 83)
    #expect(try device.update("apply").status == 83)
    #expect(try device.targetIsUntouched())
    #expect(try device.update("unpin").status == 0)
    #expect(try check().status == 100)
  }

  // MARK: - What goes wrong

  @Test func aFeedThatCannotBeReachedIsSaid() throws {
    try feed.publish(try feed.release(Releases.next))
    #expect(try check().status == 100)
    try feed.disconnect()
    let checked = try check()
    #expect(checked.status == 66)
    #expect(checked.output.contains("Latest version:  1.0.1"))
    #expect(checked.errors.contains("this is what the feed said at 2026-09-21"))
    #expect(try device.update("apply").status == 66)
    #expect(try device.update("status").status == 0)
  }

  @Test func whatWasNeverReachedIsAnError() throws {
    try feed.disconnect()
    let checked = try check()
    #expect(checked.status == 66)
    #expect(checked.output == "")
  }

  @Test func anExpiredFeedIsRefused() throws {
    try feed.expire()
    let checked = try check()
    #expect(checked.status == 83)
    #expect(checked.errors.contains("timestamp metadata expired"))
  }

  /// A clock of 1970 does not make what expired before the image was built valid again.
  @Test func aClockBehindTheImageIsNotBelieved() throws {
    try feed.expire()
    try device.write("os-release", Array("KRUX_CREATED=2026-01-01T00:00:00Z\n".utf8))
    let checked = try device.update(["check"], environment: FeedCheckTests.nineteenSeventy)
    #expect(checked.status == 83)
    #expect(checked.errors.contains("it is 2026-01-01"))
  }

  private static let nineteenSeventy = [
    "FAKETIME": "1970-01-02 00:00:00", "LD_PRELOAD": Executable.faketime,
  ]

  /// Nor what expired before the newest targets that were seen were signed.
  @Test func aClockBehindTheTargetsIsNotBelieved() throws {
    try feed.issue(at: Timestamp(seconds: 1_790_000_000))
    #expect(try check().status == 0)
    try feed.expire()
    let checked = try device.update(["check"], environment: FeedCheckTests.nineteenSeventy)
    #expect(checked.status == 83)
    #expect(checked.errors.contains("it is 2026-09-21"))
  }

  /// Every certificate would be "not yet valid". What comes is judged by the feed's signatures all the same.
  @Test func aWrongClockDoesNotStrandADevice() throws {
    let feed = try ServedFeed(tls: true)
    try feed.publish(try feed.release(Releases.next))
    let device = feed.device
    let strict = try device.update("check")
    #expect(strict.status == 66)
    #expect(strict.errors.contains("certificate"))
    let unknown = try device.update(["check"], environment: FeedCheckTests.nineteenSeventy)
    #expect(unknown.status == 66)
    try device.write("os-release", Array("KRUX_CREATED=2026-01-01T00:00:00Z\n".utf8))
    let checked = try device.update(["check"], environment: FeedCheckTests.nineteenSeventy)
    #expect(checked.status == 100, "\(checked.errors)")
    #expect(checked.errors.contains("the certificate of the feed's server is not checked"))
    let applied = try device.update(
      ["apply", "--no-reboot"], environment: FeedCheckTests.nineteenSeventy)
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(Releases.next.image))
    let address = feed.server.address("").replacing("https://", with: "https://user:secret@")
    try device.write("feed-address", Array(address.utf8))
    let refused = try device.update(["check"], environment: FeedCheckTests.nineteenSeventy)
    #expect(refused.status == 83)
    #expect(!refused.errors.contains("secret"))
  }

  // MARK: - Keys

  /// A device several rotations behind has an image that does not know the key.
  @Test func aKeyOfTheFeedCounts() throws {
    let key = SecretKey.generate()
    let bundle = SampleBundle(version: "1.0.1", sequence: 11, frames: 16, key: key)
    try feed.list(BundleKeys(keys: [key.publicKey]))
    try feed.publish(try feed.release(bundle))
    #expect(try device.update("apply", "--no-reboot").status == 0)
    #expect(try device.slotHolds(bundle.image))
  }

  @Test func aWithdrawnKeyNeverCountsAgain() throws {
    let path = try device.bundle(Releases.next.encoded)
    #expect(try device.update("verify", path).status == 0)
    try feed.list(
      BundleKeys(withdrawn: [.init(key: Releases.key.publicKey, reason: "it was stolen")]))
    #expect(try check().status == 0)
    #expect(try device.update("apply", path).status == 76)
    #expect(try device.update("verify", path).status == 76)
    try feed.list(BundleKeys(keys: [Releases.key.publicKey]))
    #expect(try check().status == 0)
    #expect(try device.update("apply", path).status == 76)
    #expect(try device.targetIsUntouched())
  }

  @Test func damagedWithdrawalsAreNoneAtAll() throws {
    let path = try device.bundle(Releases.next.encoded)
    try feed.list(BundleKeys(keys: [Releases.key.publicKey]))
    try device.write("withdrawn-keys.json", Array("{".utf8))
    let refused = try device.update("apply", path)
    #expect(refused.status == 76)
    #expect(refused.errors.contains("krux-update check"))
    #expect(try check().status == 0)
    #expect(try device.update("apply", path, "--no-reboot").status == 0)
  }

  // MARK: - The image's root of trust

  /// An older image, as after a roll back, revives no key that was rotated away.
  @Test func anOlderRootOfTheImageChangesNothing() throws {
    let first = feed.rootFile
    try feed.rotate()
    let second = feed.rootFile
    try device.write("root.json", second)
    try feed.rotate()
    #expect(try check().status == 0)
    for root in [first, second] {
      try device.write("root.json", root)
      #expect(try check().status == 0)
    }
    let third = try device.read("feed/metadata/root.json")
    #expect(third == feed.rootFile)
    // Each refresh begins where the last one ended.
    let roots = try feed.server.finish().map(\.path).filter { $0.hasSuffix("root.json") }
    #expect(
      roots == [3, 4, 4, 4].map { "/metadata/\($0).root.json" })
  }

  /// So many root keys were lost that its publisher began anew.
  @Test func anImageMayBringAnotherFeed() throws {
    try feed.rotate()
    try feed.publish(try feed.release(Releases.next))
    #expect(try check().status == 100)
    let other = try ServedFeed(rootKey: SecretKey.generate())
    try other.publish(try other.release(Releases.newer))
    try device.write("root.json", other.rootFile)
    try device.write("feed-address", Array(other.server.address("").utf8))
    let checked = try check()
    #expect(checked.status == 100, "\(checked.errors)")
    #expect(checked.output.contains("Latest version:  1.0.2"))
  }

  @Test func aRottenRootIsReplacedByTheImages() throws {
    try feed.publish(try feed.release(Releases.next))
    #expect(try check().status == 100)
    try device.write("feed/metadata/root.json", Array("{".utf8))
    #expect(try check().status == 100)
  }

  @Test func aFeedOfAnotherProductIsRefused() throws {
    try feed.publish(product: "other")
    let checked = try check()
    #expect(checked.status == 83)
    #expect(checked.errors.contains("for product 'other', this is 'kruxos'"))
  }

  @Test func withoutAFeedABundleStillInstalls() throws {
    try device.write("feed-address", [])
    #expect(try check().errors.contains("this device follows no feed"))
    #expect(try device.update("apply").status == 83)
    let path = try device.bundle(Releases.next.encoded)
    #expect(try device.update("apply", path, "--no-reboot").status == 0)
  }

  @Test func theEnvironmentOverridesTheAddress() throws {
    try feed.publish(try feed.release(Releases.next))
    try device.write("feed-address", Array("http://127.0.0.1:1/".utf8))
    let checked = try device.update(
      ["check"], environment: ["KRUX_FEED_URL": feed.server.address("")])
    #expect(checked.status == 100)
  }

  @Test func verifyKnowsTheRelease() throws {
    try feed.publish(try feed.release(Releases.next, withdrawn: "bad"))
    _ = try check()
    let path = try device.bundle(Releases.next.encoded)
    let verified = try device.update("verify", path)
    #expect(verified.status == 0)
    #expect(verified.output.contains("Channel:      stable, as 1.0.1, withdrawn: bad\n"))
    let other = try device.update("verify", try device.bundle(Releases.newer.encoded))
    #expect(!other.output.contains("Channel:"))
  }

  @Test func aSourceAndAReleaseExcludeEachOther() throws {
    #expect(try device.update("apply", "--version", "1.0.1", "x.krux").status == 64)
    #expect(try device.update("apply", "--now", "x.krux").status == 64)
  }

  /// Nothing new costs the two requests that the workflow asks for.
  @Test func aRefreshWithNothingNewAsksTwice() throws {
    try feed.publish(try feed.release(Releases.next))
    _ = try check()
    let first = try check()
    #expect(first.status == 100)
    let requests = try feed.server.finish().suffix(2)
    #expect(requests.map(\.path) == ["/metadata/2.root.json", "/metadata/timestamp.json"])
    #expect(requests.map(\.status) == [404, 200])
  }
}
