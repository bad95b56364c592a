import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Cut off anywhere: the old system boots, and the same command carries on.
@Suite struct InterruptionTests {
  /// Places in the bundle, from its first byte to its last.
  static let twelfths = Array(0...11)

  @Test(arguments: twelfths)
  func aFetchThatIsCutOffCarriesOn(twelfth: Int) throws {
    let device = try DeviceFolder()
    let bundle = Releases.next
    let file = bundle.encoded
    let place = twelfth == 11 ? file.count - 1 : file.count * twelfth / 11
    let script: RoughServer.Script = { request in
      request.number == 0
        ? .file(file, request, after: place) : RoughAnswer("503 Service Unavailable")
    }
    try withRoughServer(script) { server in
      let failed = try device.update("apply", server.address)
      #expect(failed.status == 66)
      #expect(failed.errors.contains("the server answered 503"))
    }
    #expect(device.nextBoot() == .boot(.a))
    #expect(try device.read("root-a.img") == Releases.running)
    if place < (try BundleParts(file).payload.lowerBound) {
      #expect(try device.targetIsUntouched())
    } else {
      try expectDisarmed(device)
    }
    let server = try WebServer()
    let applied = try device.update("apply", "--json", try server.publish(file))
    #expect(applied.status == 0)
    #expect(try device.slotHolds(bundle.image))
    #expect(device.nextBoot() == .boot(.b))
  }

  /// With an image larger than all buffers, so that part of it is known to be written.
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL])
  func aSignalInTheMiddleLosesLittle(signal: Int32) throws {
    let device = try DeviceFolder(targetBytes: LargeRelease.image.count)
    try device.configure(
      DeviceFolder.configuration.replacingOccurrences(of: "seconds = 1", with: "seconds = 600"))
    let file = LargeRelease.bundle.encoded
    let script: RoughServer.Script = { .file(file, $0, after: file.count - 1000, ending: .stall) }
    try withRoughServer(script) { server in
      let events = try EventStream()
      let child = try Child(
        [Executable.update, "apply", "--json", "--root", device.path, server.address],
        outputTo: events.path)
      // All of the image was taken from the network but its end.
      try events.wait { $0.text("phase") == "writing" && ($0.number("doneBytes") ?? 0) >= 20 << 20 }
      child.signal(signal)
      let ended = child.wait()
      #expect(ended.status == (signal == SIGKILL ? 137 : 130))
      if signal != SIGKILL {
        #expect(ended.errors.hasPrefix("krux-update: interrupted\n  hint: the running system is"))
      }
    }
    try expectDisarmed(device)
    #expect(
      try device.status().contains("Incomplete:   1.0.1 (root-b.img, apply it again)"))

    let server = try WebServer()
    let again = try device.update("apply", "--json", try server.publish(file))
    #expect(again.status == 0)
    let planned = try #require(
      try events(again.output).first { $0.text("event") == "planned" })
    #expect(try #require(planned.number("keptBytes")) >= 2 << 20)
    #expect(try #require(planned.number("fetchBytes")) < file.count - (2 << 20))
    #expect(try device.slotHolds(LargeRelease.image))
    #expect(device.nextBoot() == .boot(.b))
  }

  /// A pipe that says nothing for a while is not waited for.
  @Test func aSignalIsHeardWhileAPipeIsSilent() throws {
    let device = try DeviceFolder()
    let file = Releases.next.encoded
    let (input, output) = (try Fifo(), try EventStream())
    let child = try Child(
      [Executable.update, "apply", "--json", "--root", device.path, "-"], input: input.path,
      outputTo: output.path)
    input.write(Array(file.prefix(file.count / 2)))
    try output.wait { $0.text("event") == "disarmed" }
    child.signal(SIGINT)
    #expect(child.wait().status == 130)
    try expectDisarmed(device)
    #expect(
      try device.applyThroughPipe(try device.bundle(file)).status == 0)
    #expect(try device.slotHolds(Releases.next.image))
  }

  @Test func aSecondUpdaterIsToldWhoHoldsTheLock() throws {
    let device = try DeviceFolder()
    try device.configure(
      DeviceFolder.configuration.replacingOccurrences(of: "seconds = 1", with: "seconds = 600"))
    let file = Releases.next.encoded
    let other = try device.bundle(Releases.newer.encoded)
    let script: RoughServer.Script = { .file(file, $0, after: file.count / 2, ending: .stall) }
    try withRoughServer(script) { server in
      let events = try EventStream()
      let first = try Child(
        [Executable.update, "apply", "--json", "--root", device.path, server.address],
        outputTo: events.path)
      try events.wait { $0.text("event") == "disarmed" }
      for words in [["apply", other], ["rollback"], ["confirm"], ["reject"]] {
        let second = try device.update(words)
        #expect(second.status == 75)
        #expect(
          second.errors.hasPrefix(
            "krux-update: another updater is at work: process \(first.pid), apply\n"))
      }
      // Looking is free, and says what is going on.
      #expect(try device.update("status").status == 0)
      first.signal(SIGKILL)
      _ = first.wait()
    }
    #expect(try device.update("apply", other).status == 0)
    #expect(try device.slotHolds(Releases.newer.image))
  }

  /// What was staged before is being overwritten, so it must not boot any more.
  @Test func aStagedReleaseDoesNotBootWhileAnotherTakesItsPlace() throws {
    let device = try DeviceFolder()
    #expect(try device.update("apply", try device.bundle(Releases.newer.encoded)).status == 0)
    #expect(device.nextBoot() == .boot(.b))
    let next = SampleBundle(
      image: Releases.next.image, version: "1.0.3", sequence: 13, key: Releases.key)
    let file = next.encoded
    let script: RoughServer.Script = { request in
      request.number == 0
        ? .file(file, request, after: file.count - 1) : RoughAnswer("404 Not Found")
    }
    try withRoughServer(script) { server in
      let failed = try device.update("apply", server.address)
      #expect(failed.status == 66)
    }
    try expectDisarmed(device)
    try device.update("reboot")
    #expect(try device.status().contains("Version:      1.0.0\n"))
  }

  /// A slot that rotted is healed by the same command, which fetches only what is wrong.
  @Test func applyingAgainHealsARottenSlot() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    try device.update("apply", path)
    var slot = try device.read("root-b.img")
    slot[2 << 20] ^= 1
    try device.write("root-b.img", slot)
    let healed = try device.update("apply", "--json", path)
    #expect(healed.status == 0)
    let planned = try #require(try events(healed.output).first { $0.text("event") == "planned" })
    #expect(planned.number("writeBytes") == SampleBundle.frameSize)
    #expect(try device.slotHolds(Releases.next.image))
    #expect(device.nextBoot() == .boot(.b))
  }
}

/// An image that is larger than all the buffers between server and slot.
enum LargeRelease {
  static let image: [UInt8] = {
    let block = Array(Releases.running.prefix(SampleBundle.frameSize - 8))
    return (0..<384).flatMap { LittleEndian.encode(UInt64($0)) + block }
  }()
  static let bundle = SampleBundle(image: image, version: "1.0.1", sequence: 11, key: Releases.key)
}
