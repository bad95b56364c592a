import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// What a publisher does, with minisign beside krux-release, up to a device that takes the bundle.
@Suite struct PublisherTests {
  /// A folder with an image, and the words that make a bundle of it.
  private final class Workshop {
    let device: DeviceFolder
    let image: [UInt8]

    init() throws {
      device = try DeviceFolder()
      image = Releases.next.image
      try device.write("image.img", image)
    }

    func path(_ name: String) -> String { device.url(name).path }

    func keygen(_ name: String) throws {
      try succeed(
        Executable.release, "keygen", "--secret", path("\(name).key"), "--public",
        path("\(name).pub"), "--no-password")
    }

    /// Puts `name.pub` in the place of the device's keys.
    func trust(_ name: String) throws {
      try device.write("keys.d/test.pub", try device.read("\(name).pub"))
    }

    func create(_ output: String, _ more: String...) throws {
      let words =
        [
          Executable.release, "bundle", "create", "--image", path("image.img"), "--product",
          "kruxos", "--version", "1.0.1", "--sequence", "11", "--compatible", "test-box",
          "--created", "2026-01-02T03:04:05Z", "--note", "First of its kind", "--output",
          path(output),
        ] + more
      let ended = try run(words)
      guard ended.status == 0 else { throw ProgramFailure(words: words, output: ended.errors) }
    }

    /// `older.img`, and `delta.krux` with 8 frames, of which some can be made from it.
    func createDelta() throws -> [UInt8] {
      let older = Array(image.prefix(512 << 10))
      var newer = Array(older.suffix(older.count - 8192) + [UInt8](repeating: 0, count: 8192 - 77))
      newer.insert(contentsOf: [UInt8](repeating: 9, count: 77), at: 400_000)
      for place in stride(from: 300_000, to: 350_000, by: 5000) { newer[place] ^= 1 }
      // A hash does not tell it from what it was.
      newer[20 * 4096 + 4095] ^= 1
      try device.write("older.img", older)
      try device.write("image.img", older)
      try create("older.krux", "--key", path("release.key"))
      try device.write("image.img", newer)
      try create(
        "delta.krux", "--key", path("release.key"), "--frame-size", "65536", "--base",
        path("older.krux"))
      return newer
    }

    /// Writes the manifest and the signatures of a bundle as files that minisign takes.
    func takeApart(_ name: String) throws {
      let bytes = try device.read(name)
      let parts = try BundleParts(bytes)
      try device.write("taken.json", Array(bytes[parts.manifest]))
      try device.write("taken.json.minisig", Array(bytes[parts.signatures]))
    }
  }

  @Test func minisignAcceptsWhatKruxReleaseSigned() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    try shop.create("signed.krux", "--key", shop.path("release.key"))
    try shop.takeApart("signed.krux")
    let output = try succeed(
      "minisign", "-V", "-m", shop.path("taken.json"), "-p", shop.path("release.pub"))
    #expect(output.contains("Signature and comment signature verified"))
    try shop.trust("release")
    #expect(try shop.device.update("apply", shop.path("signed.krux")).status == 0)
    #expect(try shop.device.slotHolds(shop.image))
  }

  /// Both kinds of keys: minisign's own without a password, and one of krux-release.
  @Test(arguments: ["minisign", "krux-release"])
  func kruxUpdateAcceptsWhatMinisignSigned(keyFrom: String) throws {
    let shop = try Workshop()
    if keyFrom == "minisign" {
      try succeed(
        "minisign", "-G", "-W", "-p", shop.path("other.pub"), "-s", shop.path("other.key"))
    } else {
      try shop.keygen("other")
    }
    try shop.create("bundle.krux")
    let (bundle, manifest) = (shop.path("bundle.krux"), shop.path("manifest.json"))
    try succeed(Executable.release, "bundle", "sign", bundle, "--export", manifest)
    try succeed(
      "minisign", "-S", "-H", "-s", shop.path("other.key"), "-m", manifest, "-t", "by hand")
    try succeed(
      Executable.release, "bundle", "sign", bundle, "--attach", "\(manifest).minisig",
      "--public-key", shop.path("other.pub"))
    let verified = try succeed(
      Executable.update, "verify", "--public-key", shop.path("other.pub"), bundle)
    #expect(verified.contains("Comment:      by hand\n"))
    try shop.trust("other")
    #expect(try shop.device.update("apply", bundle).status == 0)
    #expect(try shop.device.slotHolds(shop.image))
  }

  /// Ed25519 is deterministic, so a signature made elsewhere with the same key and comment is the same.
  @Test func aSignatureThroughExportAndAttachIsTheSame() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    try shop.create("here.krux", "--key", shop.path("release.key"))
    try shop.create("there.krux")
    let (there, manifest) = (shop.path("there.krux"), shop.path("manifest.json"))
    try succeed(Executable.release, "bundle", "sign", there, "--export", manifest)
    let here = try shop.device.read("here.krux")
    let parts = try BundleParts(here)
    #expect(try shop.device.read("manifest.json") == Array(here[parts.manifest]))
    let signature = try #require(try Signature.parse(Array(here[parts.signatures])).first)
    try succeed(
      "minisign", "-S", "-H", "-s", shop.path("release.key"), "-m", manifest,
      "-t", signature.trustedComment)
    try succeed(
      Executable.release, "bundle", "sign", there, "--attach", "\(manifest).minisig")
    try shop.takeApart("there.krux")
    let attached = try #require(
      try Signature.parse(try shop.device.read("taken.json.minisig")).first)
    #expect(attached.signature == signature.signature)
    #expect(attached.globalSignature == signature.globalSignature)
    #expect(attached.trustedComment == signature.trustedComment)
  }

  @Test func aSignatureOfAnotherFileIsNotAttached() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    try shop.create("bundle.krux")
    try shop.device.write("other.json", [1, 2, 3])
    let other = shop.path("other.json")
    try succeed("minisign", "-S", "-H", "-s", shop.path("release.key"), "-m", other)
    let before = try shop.device.read("bundle.krux")
    let refused = try run([
      Executable.release, "bundle", "sign", shop.path("bundle.krux"), "--attach",
      "\(other).minisig", "--public-key", shop.path("release.pub"),
    ])
    #expect(refused.status != 0)
    #expect(refused.errors.hasPrefix("krux-release: "))
    #expect(try shop.device.read("bundle.krux") == before)
  }

  @Test func theSameInputsMakeTheSameBytes() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    try shop.create("one.krux", "--key", shop.path("release.key"))
    try shop.create("two.krux", "--key", shop.path("release.key"))
    #expect(try shop.device.read("one.krux") == shop.device.read("two.krux"))
  }

  /// An independent reader, written from docs/formats/bundle.md, finds the same image.
  @Test func theReaderInPythonFindsTheSameImage() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    try shop.create("signed.krux", "--key", shop.path("release.key"))
    let reader = reader("krux_bundle.py")
    try succeed(
      "python3", reader, "extract", shop.path("signed.krux"), shop.path("release.pub"),
      shop.path("extracted.img"))
    #expect(try shop.device.read("extracted.img") == shop.image)
    try shop.keygen("stranger")
    let refused = try run([
      "python3", reader, "extract", shop.path("signed.krux"), shop.path("stranger.pub"),
      shop.path("never.img"),
    ])
    #expect(refused.status == 1)
  }

  private func reader(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "reader/\(name)").path
  }

  /// The same from the image of the older release and patches, and without them.
  @Test func theReaderInPythonUnderstandsADelta() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    let newer = try shop.createDelta()
    let (bundle, key) = (shop.path("delta.krux"), shop.path("release.pub"))
    let said = try succeed(
      "python3", reader("krux_delta.py"), "extract", bundle, key, shop.path("older.img"),
      shop.path("rebuilt.img"))
    let rebuilt = try #require(said.split(separator: " ").first.flatMap { Int($0) })
    #expect(said.hasSuffix(" of 8 frames rebuilt\n") && rebuilt == 7, "\(said)")
    #expect(try shop.device.read("rebuilt.img") == newer)
    try succeed(
      "python3", reader("krux_bundle.py"), "extract", bundle, key, shop.path("extracted.img"))
    #expect(try shop.device.read("extracted.img") == newer)
    let refused = try run([
      "python3", reader("krux_delta.py"), "extract", bundle, key, shop.path("extracted.img"),
      shop.path("never.img"),
    ])
    #expect(refused.status == 1)
  }

  /// The patches stand in front of the frames; a device that has the base would decode them.
  @Test func verifyChecksPatches() throws {
    let shop = try Workshop()
    try shop.keygen("release")
    _ = try shop.createDelta()
    let key = shop.path("release.pub")
    try succeed(Executable.update, "verify", "--public-key", key, shop.path("delta.krux"))
    var bytes = try shop.device.read("delta.krux")
    bytes[try BundleParts(bytes).payload.lowerBound + 20] ^= 1
    try shop.device.write("damaged.krux", bytes)
    let refused = try run([
      Executable.update, "verify", "--public-key", key, shop.path("damaged.krux"),
    ])
    #expect(refused.status != 0)
    #expect(refused.errors.contains("damaged"), "\(refused.errors)")
  }

  /// A publisher whose table of blocks is of another image makes devices fetch more than they need.
  @Test func verifyComparesTheTableOfBlocks() throws {
    let device = try DeviceFolder()
    var right = Releases.next
    right.addBlocks()
    #expect(try device.update("verify", try device.bundle(right.encoded)).status == 0)
    var image = right.image
    image[100] ^= 1
    var wrong = Releases.next
    wrong.addBlocks(of: image)
    let refused = try device.update("verify", try device.bundle(wrong.encoded))
    #expect(refused.status == 65)
    #expect(
      refused.errors.contains("table of blocks is not of its image, in frame 0"),
      "\(refused.errors)")
  }

  // MARK: - Who signed

  @Test func verifySaysWhoSigned() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded, "kruxos-1.0.1.krux")
    let key = Releases.key.publicKey
    // The key's 32 bytes follow its algorithm and its id in the file.
    try device.write("raw.key", key.key)
    let sum = try succeed("b2sum", "-l", "256", device.url("raw.key").path).prefix(64)
    let verified = try device.update("verify", path)
    #expect(verified.status == 0)
    #expect(
      verified.output == """
        Bundle:       kruxos-1.0.1.krux (\((Releases.next.encoded.count + 500_000) / 1_000_000) MB), whole
        Release:      kruxos 1.0.1, sequence 11
        Signed by:    key \(key.id)
        Fingerprint:  \(sum)
        Comment:      test

        """)
    // minisign names the key by the same id.
    try device.write("secret.key", Array(try Releases.key.file(password: nil).utf8))
    let again = device.url("again.pub")
    try succeed("minisign", "-R", "-s", device.url("secret.key").path, "-p", again.path)
    let text = try String(contentsOf: again, encoding: .utf8)
    #expect(text.contains("\(key.id)"))
  }

  @Test(
    arguments: BadBundle.truncated + BadBundle.altered + BadBundle.untrusted + BadBundle.absurd
      + [BadBundle.payloadCut, .payloadAltered])
  func verifyRefusesWhatApplyRefuses(_ bad: BadBundle) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(try bad.bytes())
    let before = try device.snapshot()
    let refused = try device.update("verify", path)
    #expect(refused.status == bad.status)
    #expect(refused.errors.contains(bad.sentence))
    #expect(refused.output == "")
    #expect(try device.snapshot() == before)
  }

  /// A trusted comment is words from outside: it must not move the cursor of a terminal.
  @Test func aCommentCannotControlTheTerminal() throws {
    let device = try DeviceFolder()
    let bundle = Releases.newer
    let comment = "good\u{1B}[2Jbad"
    let signature = Releases.key.sign(bundle.manifest.encoded, trustedComment: comment)
    let path = try device.bundle(
      bundle.assembled(
        manifest: bundle.manifest.encoded, signatures: Array(signature.file.utf8)))
    let verified = try device.update("verify", path)
    #expect(verified.status == 0)
    #expect(verified.output.contains("Comment:      good\u{FFFD}[2Jbad\n"))
  }
}
