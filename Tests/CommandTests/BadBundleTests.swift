import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Every bundle that has to be refused: its sentence, its exit status, and what is left behind.
@Suite struct BadBundleTests {
  /// Refused, and nothing was written anywhere.
  @Test(arguments: BadBundle.seenBeforeWriting)
  func isRefusedBeforeAnythingIsWritten(_ bad: BadBundle) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(try bad.bytes())
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == bad.status)
    #expect(refused.errors.contains(bad.sentence))
    #expect(refused.errors.contains("\n  hint: "))
    #expect(!refused.output.contains("Writing"))
    #expect(try device.snapshot() == before)
    #expect(device.nextBoot() == .boot(.a))
  }

  /// `--force` overrides a known-bad release and the same version again, and nothing of these.
  @Test(arguments: BadBundle.untrusted + BadBundle.refused)
  func forceDoesNotHelp(_ bad: BadBundle) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(try bad.bytes())
    let before = try device.snapshot()
    let refused = try device.update("apply", "--force", "--allow-downgrade", path)
    #expect(refused.status == bad.status)
    #expect(refused.errors.contains(bad.sentence))
    #expect(try device.snapshot() == before)
  }

  /// A pipe does not say how long it is: the same is seen, at the latest when the bytes do not come.
  @Test(arguments: BadBundle.truncated + BadBundle.altered)
  func isRefusedThroughAPipe(_ bad: BadBundle) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(try bad.bytes())
    let before = try device.snapshot()
    let refused = try device.applyThroughPipe(path)
    #expect(refused.status == bad.status)
    #expect(refused.errors.contains(bad.sentence))
    #expect(try device.snapshot() == before)
  }

  @Test func aFileThatIsCutInThePayloadIsSeenByItsLength() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(try BadBundle.payloadCut.bytes())
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == 65)
    #expect(
      refused.errors.contains("the bundle ends after")
        && refused.errors.contains(" of \(Releases.newer.encoded.count) bytes"))
    #expect(try device.snapshot() == before)
  }

  /// Too late to write nothing: the old system boots, and the slot has no kernel that a bootloader finds.
  @Test(arguments: [BadBundle.payloadCut, .payloadAltered])
  func damageInThePayloadLeavesTheOldSystem(_ bad: BadBundle) throws {
    let device = try DeviceFolder()
    let path = try device.bundle(try bad.bytes())
    let refused = try device.applyThroughPipe(path)
    #expect(refused.status == bad.status)
    #expect(refused.errors.contains(bad.sentence))
    try expectDisarmed(device)
    #expect(try device.status().contains("Incomplete:   1.0.2 (root-b.img, apply it again)"))
    // The good bundle carries on.
    let good = try device.bundle(Releases.newer.encoded, "good.krux")
    #expect(try device.update("apply", good).status == 0)
    #expect(try device.slotHolds(Releases.newer.image))
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test func damageInThePayloadOfAFileLeavesTheOldSystem() throws {
    let device = try DeviceFolder()
    let refused = try device.update("apply", device.bundle(try BadBundle.payloadAltered.bytes()))
    #expect(refused.status == 65)
    #expect(refused.errors.contains("the bundle is damaged in frame"))
    try expectDisarmed(device)
  }

  /// A frame decodes to something else than its publisher signed: found when the slot is read back.
  @Test func contentThatIsNotWhatWasSignedIsFoundByTheReadBack() throws {
    let device = try DeviceFolder()
    var bundle = Releases.next
    let wrong = Digest(of: [1])
    bundle.records[40].plainDigest = wrong
    var image = DigestStream()
    for record in bundle.records { image.update(record.plainDigest.bytes) }
    bundle.manifest.artefacts[0].imageDigest = Digest(bytes: image.finish()) ?? wrong
    bundle.describeTable()
    let refused = try device.update("apply", device.bundle(bundle.encoded))
    #expect(refused.status == 74)
    #expect(refused.errors.contains("root-b.img does not hold what was written to it"))
    try expectDisarmed(device)
  }

  @Test(arguments: ["file", "pipe"])
  func trailingDataIsRefused(source: String) throws {
    let device = try DeviceFolder()
    let bytes = Releases.newer.encoded
    let path = try device.bundle(bytes + [0])
    let before = try device.snapshot()
    let refused =
      try source == "file" ? device.update("apply", path) : device.applyThroughPipe(path)
    #expect(refused.status == 65)
    #expect(
      refused.errors.contains("there is data after the end of the bundle, at byte \(bytes.count)"))
    if source == "file" {
      #expect(try device.snapshot() == before)
    } else {
      try expectDisarmed(device)
    }
  }

  @Test func aLegacySignatureIsRefused() throws {
    let device = try DeviceFolder()
    try device.write("release.key", Array(try Releases.key.file(password: nil).utf8))
    let bundle = Releases.newer
    try device.write("manifest.json", bundle.manifest.encoded)
    let manifest = device.url("manifest.json").path
    try succeed("minisign", "-S", "-l", "-s", device.url("release.key").path, "-m", manifest)
    let signature = try device.read("manifest.json.minisig")
    let path = try device.bundle(
      bundle.assembled(manifest: bundle.manifest.encoded, signatures: signature))
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == 76)
    #expect(refused.errors.contains("the signature is in minisign's legacy form"))
    #expect(try device.snapshot() == before)
  }

  @Test func aDeviceWithoutKeysTrustsNobody() throws {
    let device = try DeviceFolder()
    try FileManager.default.removeItem(at: device.url("keys.d/test.pub"))
    let path = try device.bundle(Releases.newer.encoded)
    let before = try device.snapshot()
    let refused = try device.update("apply", path)
    #expect(refused.status == 76)
    #expect(refused.errors.contains("no public key is installed"))
    #expect(try device.snapshot() == before)
  }

  @Test func aKeyFileThatIsNoneIsNamed() throws {
    let device = try DeviceFolder()
    try device.write("keys.d/broken.pub", Array("hello\n".utf8))
    let refused = try device.update("apply", try device.bundle(Releases.newer.encoded))
    #expect(refused.status == 76)
    #expect(refused.errors.contains("keys.d/broken.pub: not a minisign public key"))
    #expect(try device.targetIsUntouched())
  }

  @Test(arguments: ["missing.krux", "."])
  func aSourceThatCannotBeReadIsNamed(name: String) throws {
    let device = try DeviceFolder()
    let refused = try device.update("apply", device.url(name).path)
    #expect(refused.status == 66)
    #expect(refused.errors.contains(device.path))
    #expect(try device.targetIsUntouched())
  }

  @Test func otherSchemesAreRefused() throws {
    let device = try DeviceFolder()
    let refused = try device.update("apply", "ftp://127.0.0.1/bundle.krux")
    #expect(refused.status == 66)
    #expect(refused.errors.contains("cannot fetch from 'ftp://127.0.0.1/bundle.krux'"))
    #expect(try device.targetIsUntouched())
  }
}

/// Whatever was written: slot A boots and nothing else, and slot B begins with zeros.
func expectDisarmed(
  _ device: DeviceFolder, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  #expect(device.nextBoot() == .boot(.a), sourceLocation: sourceLocation)
  let control = try device.control()
  #expect(!control.b.bootable && control.trial == nil, sourceLocation: sourceLocation)
  let head = [UInt8](repeating: 0, count: 64 << 10)
  #expect(try device.slotHolds(head), sourceLocation: sourceLocation)
  #expect(try device.read("root-a.img") == Releases.running, sourceLocation: sourceLocation)
}
