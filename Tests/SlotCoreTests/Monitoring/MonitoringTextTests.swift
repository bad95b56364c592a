import SlotCore
import Testing

@Suite struct PluginResultTests {
  @Test func theLine() {
    let result = PluginResult(
      .warning, "1.0.1 waits",
      [.init("waiting", 90, unit: "s", warning: 0, critical: 100), .init("trial", 1, maximum: 1)])
    #expect(result.line == "KRUX WARNING - 1.0.1 waits | waiting=90s;0;100;0; trial=1;;;0;1")
    #expect(PluginResult(.ok, "fine").line == "KRUX OK - fine")
  }

  /// The text comes from outside, too: it can neither end its line nor pass for numbers.
  @Test func theTextStaysText() {
    #expect(PluginResult(.critical, "a | b\nc").line == "KRUX CRITICAL - a / b\u{FFFD}c")
  }

  @Test func theStatusesOfTheGuidelines() {
    let states: [PluginResult.State] = [.ok, .warning, .critical, .unknown]
    #expect(states.map(\.rawValue) == [0, 1, 2, 3])
  }

  @Test func tamperingIsCriticalAndEverythingElseUnknown() {
    #expect(PluginResult(FeedFailure(.rollback, "back")).state == .critical)
    #expect(PluginResult(TrustFailure(.badSignature, "altered")).state == .critical)
    #expect(PluginResult(FeedFailure(.expired, "over")).state == .unknown)
    #expect(PluginResult(FeedFailure(.noFeed, "none")).state == .unknown)
  }
}

@Suite struct MetricsTextTests {
  @Test func theText() {
    var metrics = MetricsText()
    metrics.add(
      "krux_slot_info", "What \"each\"\nslot \\ holds.",
      [.init(1, ["slot": "A", "version": "1\"\\\n2"]), .init(-2, ["slot": "B"])])
    metrics.add("krux_nothing", "Left out.", [])
    metrics.add("krux_nothing_either", "Left out.", nil)
    metrics.add("krux_seconds", "A time.", [.init(milliseconds: 1_042)])
    metrics.add("krux_trial", "A flag.", 0)
    #expect(
      metrics.text == #"""
        # HELP krux_slot_info What "each"\nslot \\ holds.
        # TYPE krux_slot_info gauge
        krux_slot_info{slot="A",version="1\"\\\n2"} 1
        krux_slot_info{slot="B"} -2
        # HELP krux_seconds A time.
        # TYPE krux_seconds gauge
        krux_seconds 1.042
        # HELP krux_trial A flag.
        # TYPE krux_trial gauge
        krux_trial 0

        """#)
  }
}
