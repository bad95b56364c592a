import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// Automatic updates of a folder that plays a device, by the real executable from a real feed.
@Suite struct AutoTests {
  private let feed: ServedFeed
  private var device: DeviceFolder { feed.device }

  init() throws { feed = try ServedFeed() }

  @discardableResult
  private func auto(_ words: String...) throws -> Child.Ended {
    try device.update(["auto"] + words)
  }

  private func check() throws -> JSONObject {
    let ended = try auto("check", "--json")
    #expect(ended.status == 0, "\(ended.errors)")
    return try JSONObject(ended.output)
  }

  private func did(_ report: JSONObject) -> [String] {
    report.list("did").compactMap { $0["step"] as? String }
  }

  /// A window that opens in three days.
  private func laterWindow() throws -> String {
    let day = try run(["date", "-u", "-d", "3 days", "+%a"]).output.prefix(3)
    return "\(day) 02:00-04:00"
  }

  // MARK: - Settings

  @Test func theyAreOffUntilSomebodyWantsThem() throws {
    #expect(try auto().output == "Automatic updates are off.\n")
    #expect(try check().text("waiting") == "off")
    let on = try auto(
      "on", "--window", "Mon-Fri 02:00-04:00", "--window", "Sat 22:00-06:00", "--time-zone",
      "Europe/Berlin", "--interval", "1d", "--reboot")
    #expect(
      on.output == """
        Automatic updates are on: check, download, apply and reboot, every 1d.
        Windows:      Mon-Fri 02:00-04:00; Sat 22:00-06:00 (Europe/Berlin)

        """)
    // What is not said stays.
    let again = try auto("on", "--no-reboot", "--window", "any")
    #expect(
      again.output == """
        Automatic updates are on: check, download and apply, every 1d.
        Windows:      any time

        """)
    #expect(try auto("off").output == "Automatic updates are off.\n")
    #expect(try auto("on").output == again.output)
  }

  @Test func theImageHasItsOwnSettings() throws {
    try device.configure(
      DeviceFolder.configuration + """
        [auto]
        enabled = true
        step = "download"
        interval = "12h"
        jitter = "0s"
        windows = ["Sun 02:00-04:00"]
        time-zone = "Asia/Kolkata"
        wait-on-metered = false
        wait-on-battery = false
        """)
    let shown = try JSONObject(try auto("--json").output)
    #expect(shown.text("step") == "download")
    #expect(shown.number("intervalSeconds") == 43_200)
    #expect(shown.text("timeZone") == "Asia/Kolkata")
    try auto("off")
    #expect(try auto().output == "Automatic updates are off.\n")
  }

  @Test(arguments: [
    "interval = \"1m\"", "interval = 6", "step = \"fly\"", "windows = [\"Mon\"]",
    "windows = \"Mon 02:00-04:00\"", "time-zone = \"../x\"", "enabled = \"yes\"", "jitter = \"2d\"",
  ])
  func aWrongConfigurationIsNamed(line: String) throws {
    try device.configure(DeviceFolder.configuration + "[auto]\n\(line)\n")
    let refused = try auto()
    #expect(refused.status == 78)
    let key = line.split(separator: " ").first ?? ""
    #expect(refused.errors.contains("'auto.\(key)'"), "\(refused.errors)")
  }

  @Test(arguments: [
    (["--interval", "1m"], 64), (["--window", "Mon"], 64), (["--download", "--apply"], 64),
    (["--download", "--reboot"], 64), (["--time-zone", "Europe/Atlantis"], 78),
  ])
  func wrongWordsChangeNothing(words: [String], status: Int) throws {
    #expect(try device.update(["auto", "on"] + words).status == Int32(status))
    #expect(try auto().output == "Automatic updates are off.\n")
  }

  /// What was switched off does not come on again because a file rots.
  @Test func damagedSettingsDoNothing() throws {
    try device.configure(DeviceFolder.configuration + "[auto]\nenabled = true\n")
    try feed.publish(try feed.release(Releases.next))
    try device.write("auto.json", Array("{".utf8))
    let refused = try auto("check")
    #expect(refused.status == 78)
    #expect(refused.errors.contains("the settings of automatic updates are damaged"))
    let status = try device.update("status")
    #expect(status.status == 0)
    #expect(status.errors.contains("the settings of automatic updates are damaged"))
    #expect(try device.targetIsUntouched())
    #expect(try auto("off").status == 0)
    #expect(try check().text("waiting") == "off")
  }

  // MARK: - Steps

  @Test func anUpdateIsAppliedAndWaitsForItsReboot() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on")
    let report = try check()
    #expect(did(report) == ["checked", "applied"])
    #expect(report.text("waiting") == "not-automatic")
    #expect(try device.slotHolds(Releases.next.image))
    let before = try device.snapshot()
    #expect(did(try check()) == [])
    #expect(try device.snapshot() == before)
    let status = try device.status()
    #expect(status.contains("Automatic:    1.0.1 is staged and will activate on reboot\n"))
    #expect(status.contains("Next check:   "))
    try device.update("reboot")
    #expect(try check().text("waiting") == "trial-open")
  }

  @Test func aRebootIsMadeWhereItIsWanted() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on", "--reboot")
    let report = try check()
    #expect(did(report) == ["checked", "applied", "rebooting"])
    #expect(try device.status().contains("Boot slot:    B"))
    #expect(try device.update("confirm").status == 0)
    #expect(try check().text("waiting") == "up-to-date")
  }

  @Test func aDownloadLeavesTheSwitchToAPerson() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on", "--download")
    #expect(did(try check()) == ["checked", "downloaded"])
    #expect(try device.slotHolds(Releases.next.image))
    let status = try device.status()
    #expect(status.contains("Downloaded:   1.0.1 (root-b.img, not next to boot yet)\n"))
    #expect(status.contains("Automatic:    1.0.1 is downloaded: 'krux-update apply' makes"))
    #expect(device.nextBoot() == .boot(.a))
    #expect(did(try check()) == [])
    let applied = try device.update("apply", "--no-reboot", "--json")
    #expect(applied.status == 0)
    let planned = try #require(try events(applied.output).first { $0.text("event") == "planned" })
    #expect(planned.number("writeBytes") == 0)
    #expect(device.nextBoot() == .boot(.b))
    #expect(try check().text("waiting") == "staged-by-hand")
  }

  @Test func aWindowHoldsTheSwitchUp() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on", "--window", try laterWindow(), "--time-zone", "UTC")
    let report = try check()
    #expect(did(report) == ["checked", "downloaded"])
    #expect(report.text("waiting") == "window")
    #expect(report.text("until")?.hasSuffix("T02:00:00Z") == true)
    #expect(device.nextBoot() == .boot(.a))
    let status = try device.status()
    #expect(
      status.contains("Automatic:    1.0.1 is downloaded and waits for the window, which opens"))
    try auto("on", "--window", "00:00-24:00")
    #expect(did(try check()) == ["checked", "applied"])
    #expect(device.nextBoot() == .boot(.b))
  }

  @Test func aReleaseThatFailedIsNotTakenAgain() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on", "--reboot", "--interval", "15m")
    _ = try check()
    #expect(
      try device.update("reject", "--reason", "the fan stopped", "--reboot").status == 0)
    #expect(try check().text("waiting") == "known-bad")
    try feed.publish(try feed.release(Releases.next), try feed.release(Releases.newer))
    // A person who asks tells the timer too.
    #expect(try device.update("check").status == 100)
    #expect(did(try check()) == ["checked", "applied", "rebooting"])
    #expect(try device.slotHolds(Releases.newer.image))
  }

  // MARK: - Inhibitors

  private func inhibited(_ environment: [String: String] = [:]) throws -> String? {
    let ended = try device.update(["auto", "check", "--json"], environment: environment)
    let report = try JSONObject(ended.output)
    return report.text("waiting") == "inhibited" ? report.text("reason") : nil
  }

  @Test func aScriptHoldsAStepUp() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on", "--reboot")
    try FileManager.default.createDirectory(
      at: device.url("inhibit.d"), withIntermediateDirectories: true)
    let script = """
      #!/bin/sh
      [ "$KRUX_STEP" != reboot ] || { echo "somebody watches $KRUX_VERSION"; exit 1; }
      """
    try device.write("inhibit.d/10-film", Array(script.utf8))
    // One that cannot be run holds up as well.
    #expect(try inhibited()?.contains("10-film cannot be run: it is not executable") == true)
    #expect(try device.targetIsUntouched())
    try succeed("chmod", "+x", device.url("inhibit.d/10-film").path)
    #expect(try inhibited() == "1.0.1 is held up: 10-film: somebody watches 1.0.1")
    #expect(device.nextBoot() == .boot(.b))
    #expect(try device.status().contains("Automatic:    1.0.1 is held up: 10-film"))
    try FileManager.default.removeItem(at: device.url("inhibit.d"))
    #expect(did(try check()) == ["rebooting"])
  }

  private func supply(_ name: String, _ values: [String: String]) throws {
    try FileManager.default.createDirectory(
      at: device.url("power_supply/\(name)"), withIntermediateDirectories: true)
    for (file, value) in values {
      try device.write("power_supply/\(name)/\(file)", Array("\(value)\n".utf8))
    }
  }

  @Test func aBatteryHoldsUp() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on")
    try supply("hid-mouse", ["type": "Battery", "status": "Discharging", "scope": "Device"])
    try supply("BAT0", ["type": "Battery", "status": "Discharging"])
    try supply("AC", ["type": "Mains", "online": "0"])
    #expect(try inhibited() == "1.0.1 is held up: the device runs on battery")
    try supply("AC", ["type": "Mains", "online": "1"])
    #expect(did(try check()) == ["checked", "applied"])
  }

  @Test func theBatteryOfAMouseHoldsNothingUp() throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on")
    try supply("hid-mouse", ["type": "Battery", "status": "Discharging", "scope": "Device"])
    #expect(did(try check()) == ["checked", "applied"])
  }

  /// A `busctl` that answers as it does where NetworkManager runs.
  private func busctl(_ answer: String) throws -> [String: String] {
    try FileManager.default.createDirectory(
      at: device.url("bin"), withIntermediateDirectories: true)
    try device.write("bin/busctl", Array("#!/bin/sh\necho '\(answer)'\n".utf8))
    try succeed("chmod", "+x", device.url("bin/busctl").path)
    return ["PATH": "\(device.url("bin").path):/usr/bin:/bin"]
  }

  @Test(arguments: ["u 1", "u 3"])
  func aMeteredConnectionHoldsUp(answer: String) throws {
    try feed.publish(try feed.release(Releases.next))
    try auto("on")
    #expect(
      try inhibited(try busctl(answer)) == "1.0.1 is held up: the network connection is metered")
    #expect(try inhibited(try busctl("u 4")) == nil)
    #expect(try device.slotHolds(Releases.next.image))
  }

  // MARK: - Feeds

  @Test func aFeedThatIsNotReachedIsSaidWithItsTime() throws {
    try feed.publish(try feed.release(Releases.next))
    let address = try device.read("feed-address")
    #expect(try device.update("check").status == 100)
    try feed.disconnect()
    let first = try device.update("check", "--json")
    #expect(first.status == 66)
    let since = try #require(try events(first.output).first?.text("unreachableSince"))
    try auto("on")
    let report = try check()
    #expect(report.text("waiting") == "failed")
    #expect(report.text("feedUnreachableSince") == since)
    // It stays the first time.
    #expect(try device.status().contains("Feed:         cannot be reached since \(since) ("))
    let again = try device.update("check")
    #expect(again.errors.contains("since \(since)"))
    try device.write("feed-address", address)
    #expect(try device.update("check").status == 100)
    #expect(try !device.status().contains("cannot be reached"))
  }

  @Test func aFeedThatCannotBeTrustedIsAnError() throws {
    try auto("on")
    try feed.expire()
    let refused = try auto("check")
    #expect(refused.status == 83)
    let waiting = try check()
    #expect(waiting.text("waiting") == "failed")
  }
}
