import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// What Nagios and Prometheus see of a device.
@Suite struct MonitoringTests {
  private func status(_ device: DeviceFolder) throws -> Child.Ended {
    try device.update("status", "--nagios")
  }

  @Test func theLifeOfAnUpdate() throws {
    let device = try DeviceFolder()
    let well = try status(device)
    #expect(well.status == 0)
    #expect(
      well.output
        == "KRUX OK - 1.0.0 in slot A, confirmed | tries_left=2;;;0;3 trial=0;;;0;1 staged=0;;;0;1\n"
    )
    try device.update("apply", "--no-reboot", try device.bundle(Releases.newer.encoded))
    #expect(try status(device).status == 1)
    try device.update("reboot")
    #expect(try status(device).output.hasPrefix("KRUX WARNING - 1.0.2 in slot B is on trial"))
    try device.update("reject", "--reason", "it is | dark")
    #expect(try status(device).status == 2)
    try device.update("reboot")
    let back = try status(device)
    #expect(back.status == 2)
    #expect(back.output.hasPrefix("KRUX CRITICAL - rolled back from 1.0.2: it is / dark | "))
  }

  @Test func whatCannotBeReadIsUnknown() throws {
    let device = try DeviceFolder()
    try device.write("grubenv", [])
    #expect(try status(device).status == 3)
    try device.write("update.toml", Array("[".utf8))
    let broken = try status(device)
    #expect(broken.status == 3)
    #expect(broken.output.hasPrefix("KRUX UNKNOWN - "))
    #expect(broken.errors == "")
  }

  @Test func theFeed() throws {
    let feed = try ServedFeed()
    func check(_ words: String...) throws -> Child.Ended {
      try feed.device.update(["check", "--nagios"] + words)
    }
    #expect(try check().status == 0)
    try feed.publish(try feed.release(Releases.newer))
    let waiting = try check()
    #expect(waiting.status == 1)
    #expect(waiting.output.hasPrefix("KRUX WARNING - 1.0.2 is waiting for "))
    #expect(try check("--warning-days", "36500").status == 0)
    #expect(try check("--warning-days", "36500", "--critical-days", "1").status == 2)
    #expect(try check("--critical-days", "-1").status == 64)
    #expect(try feed.device.update("check", "--critical-days", "1").status == 64)
    try feed.disconnect()
    #expect(try check().status == 3)
  }

  @Test func aFeedThatGoesBackIsCritical() throws {
    let feed = try ServedFeed()
    let timestamp = feed.server.folder.appending(path: "www/metadata/timestamp.json")
    let old = Array(try Data(contentsOf: timestamp))
    try feed.publish(try feed.release(Releases.newer))
    #expect(try feed.device.update("check").status == 100)
    try feed.write("metadata/timestamp.json", old)
    let back = try feed.device.update("check", "--nagios")
    #expect(back.status == 2)
    #expect(back.output.hasPrefix("KRUX CRITICAL - "))
    let kinds = try feed.device.update("log", "--json").outputLines.map {
      try JSONObject($0).text("kind")
    }
    #expect(kinds == ["provisioned", "checked", "tampering"])
  }

  /// A check by the hour says what is new once.
  @Test func aCheckThatSaysTheSameIsOneLine() throws {
    let feed = try ServedFeed()
    for _ in 0..<3 { try feed.device.update("check") }
    try feed.publish(try feed.release(Releases.newer))
    for _ in 0..<3 { try feed.device.update("check") }
    let reasons = try feed.device.update("log", "--json").outputLines.map {
      try JSONObject($0).text("reason")
    }
    #expect(reasons == [nil, "up-to-date", "version 1.0.2, available"])
  }

  // MARK: - Prometheus

  /// Read by Prometheus' own library for Python, which refuses what is not of the format.
  private func samples(_ text: String, _ device: DeviceFolder) throws -> [String: Double] {
    try device.write("metrics.txt", Array(text.utf8))
    let program = """
      import json, sys
      from prometheus_client.parser import text_string_to_metric_families as parse
      for family in parse(open(sys.argv[1]).read()):
        assert family.type == "gauge" and family.documentation, family
        for sample in family.samples:
          labels = [f"{name}={value}" for name, value in sorted(sample.labels.items())]
          print(json.dumps({"name": " ".join([sample.name] + labels), "value": sample.value}))
      """
    let output = try succeed("/usr/bin/python3", "-c", program, device.url("metrics.txt").path)
    var samples: [String: Double] = [:]
    for line in output.split(separator: "\n") {
      let object = try JSONObject(String(line))
      samples[try #require(object.text("name"))] = object.members["value"] as? Double
    }
    return samples
  }

  @Test func theMetrics() throws {
    let feed = try ServedFeed()
    let device = feed.device
    try feed.publish(try feed.release(Releases.newer))
    #expect(try device.update("apply", "--no-reboot").status == 0)
    let file = device.url("krux.prom").path
    try device.write("krux.prom", Array("old".utf8))
    let ended = try device.update("metrics", "--output", file)
    #expect(ended.status == 0)
    #expect(ended.output == "")
    let text = String(decoding: try device.read("krux.prom"), as: UTF8.self)
    #expect(try device.update("metrics").output == text)
    let samples = try samples(text, device)
    #expect(samples["krux_slot_info slot=A state=confirmed version=1.0.0"] == 1)
    #expect(samples["krux_slot_info slot=B state=staged version=1.0.2"] == 1)
    #expect(samples["krux_slot_booted slot=A"] == 1)
    #expect(samples["krux_slot_booted slot=B"] == 0)
    #expect(samples["krux_slot_tries_left slot=B"] == 3)
    #expect(samples["krux_staged"] == 1)
    #expect(samples["krux_trial"] == 0)
    #expect(samples["krux_update_available"] == 1)
    #expect(samples["krux_last_check_success"] == 1)
    #expect(samples["krux_last_check_info code= result=available version=1.0.2"] == 1)
    #expect(samples["krux_last_update_info code= result=staged version=1.0.2"] == 1)
    let bytes = try #require(samples["krux_last_staged_written_bytes"])
    #expect(bytes > 0)
    #expect(samples["krux_last_staged_seconds"] != nil)
  }

  @Test func aFileThatCannotBeWrittenIsSaid() throws {
    let device = try DeviceFolder()
    let ended = try device.update("metrics", "--output", "/nonexistent/krux.prom")
    #expect(ended.status == 73)
    #expect(ended.errors.contains("/nonexistent/krux.prom"))
  }
}
