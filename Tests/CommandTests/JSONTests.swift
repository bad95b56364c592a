import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// `--json`: every line is an object, and the names of its members are stable.
@Suite struct JSONTests {
  @Test func applyPrintsOneEventPerLine() throws {
    let device = try DeviceFolder()
    let server = try WebServer()
    let bundle = Releases.next
    let applied = try device.update("apply", "--json", try server.publish(bundle.encoded))
    #expect(applied.errors == "")
    let all = try events(applied.output)
    let names = all.compactMap { $0.text("event") }
    #expect(names.count == all.count)
    #expect(
      names.filter { $0 != "progress" }
        == ["verified", "planned", "disarmed", "written", "switched", "finished"])

    let verified = all[0]
    #expect(
      verified.names == [
        "event", "product", "version", "sequence", "bundleBytes", "keyId", "fingerprint",
        "targetSlot", "target",
      ])
    #expect(verified.text("version") == "1.0.1")
    #expect(verified.number("bundleBytes") == bundle.encoded.count)
    #expect(verified.text("targetSlot") == "B")
    #expect(
      all[1].names == [
        "event", "fetchBytes", "writeBytes", "keptBytes", "baseBytes", "zeroBytes", "savedBytes",
      ])
    #expect(all[1].number("fetchBytes") == bundle.payload.count)
    #expect(all[1].number("writeBytes") == bundle.image.count)

    let progress = all.filter { $0.text("event") == "progress" }
    for event in progress {
      // Rate and time left come after a second.
      #expect(
        event.names.subtracting(["bytesPerSecond", "secondsLeft"])
          == ["event", "phase", "doneBytes", "totalBytes", "fetchedBytes"])
    }
    #expect(progress.last?.number("secondsLeft") == 0)
    let written = try #require(all.first { $0.text("event") == "written" })
    #expect(written.names == ["event", "writtenBytes", "fetchedBytes", "savedBytes"])
    // Everything travelled, and the headers too.
    #expect(written.number("savedBytes") == 0)
    #expect(Set(progress.compactMap { $0.text("phase") }) == ["writing", "verifying"])
    let last = try #require(progress.last)
    #expect(last.number("doneBytes") == bundle.image.count)
    // The headers of the answers travelled too.
    let fetched = try #require(last.number("fetchedBytes"))
    #expect((bundle.encoded.count..<bundle.encoded.count + (16 << 10)).contains(fetched))
    #expect(all.last?.text("outcome") == "staged")
    #expect(all.last?.names == ["event", "outcome", "version"])
  }

  @Test func everyOutcomeHasItsWord() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    func outcome(_ words: String...) throws -> String? {
      let ended = try device.update(words + ["--json"])
      #expect(ended.status == 0)
      return try events(ended.output).last?.text("outcome")
    }
    #expect(try outcome("apply", path) == "staged")
    #expect(try outcome("apply", path) == "already-staged")
    #expect(try outcome("rollback") == "cancelled")
    #expect(try outcome("apply", path) == "staged")
    try device.update("reboot")
    #expect(try outcome("confirm") == "confirmed")
    #expect(try outcome("confirm") == "tries-given-back")
    #expect(try outcome("apply", path) == "already-running")
    #expect(try outcome("rollback") == "staged")
    try device.update("reboot")
    #expect(try outcome("reject", "--reason", "no") == "rejected")
    try FileManager.default.removeItem(at: device.url("grubenv"))
    #expect(try outcome("confirm") == "environment-recreated")
  }

  @Test func statusIsOneObject() throws {
    let device = try DeviceFolder()
    try device.bootIntoTrial()
    let status = try JSONObject(try device.update("status", "--json").output)
    #expect(status.text("type") == "status")
    #expect(status.number("format") == 1)
    #expect(status.text("bootStatus") == "trial")
    #expect(status.text("bootedSlot") == "B")
    #expect(status.text("version") == "1.0.1")
    #expect(status.text("rollbackVersion") == "1.0.0")
    #expect(status.text("nextBoot") == "B")
    #expect(status.number("tries") == 3)
    let slots = status.list("slots")
    #expect(slots.map { $0["slot"] as? String } == ["B", "A"])
    #expect(slots.map { $0["state"] as? String } == ["staged", "confirmed"])
    #expect(slots.map { $0["triesLeft"] as? Int } == [2, 3])

    try device.update("reject", "--reason", "the display stays dark")
    try device.update("reboot")
    let after = try JSONObject(try device.update("status", "--json").output)
    #expect(after.text("bootStatus") == "confirmed")
    #expect(after.text("rolledBackFrom") == "1.0.1")
    #expect(after.text("rollbackReason") == "the display stays dark")
    let bad = try #require(after.list("knownBad").first)
    #expect(bad["version"] as? String == "1.0.1")
    #expect(bad["reason"] as? String == "the display stays dark")
  }

  @Test func anErrorIsAnObjectAndASentence() throws {
    let device = try DeviceFolder()
    let other = Releases.newer.changing { $0.manifest.product = "other" }
    let refused = try device.update("apply", "--json", try device.bundle(other.encoded))
    #expect(refused.status == 80)
    let error = try JSONObject(refused.output)
    #expect(error.names == ["type", "format", "domain", "code", "message", "hint"])
    #expect(error.text("type") == "error")
    #expect(error.text("domain") == "policy")
    #expect(error.text("code") == "wrong_product")
    let sentence = "the bundle is for product 'other', this is 'kruxos'"
    #expect(error.text("message") == sentence)
    #expect(refused.errors.hasPrefix("krux-update: \(sentence)\n"))
  }

  @Test func verifyIsOneObject() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    let object = try JSONObject(try device.update("verify", "--json", path).output)
    #expect(object.text("type") == "verification")
    #expect(object.text("keyId") == Releases.key.id.description)
    #expect(object.text("fingerprint") == Releases.key.publicKey.fingerprint.hex)
    #expect(object.text("trustedComment") == "test")
    #expect(object.text("imageDigest") == Releases.next.manifest.artefacts[0].imageDigest.hex)
  }
}
