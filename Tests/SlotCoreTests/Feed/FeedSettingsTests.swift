import SlotCore
import Testing

@Suite struct FeedSettingsTests {
  private func read(_ text: String) throws -> FeedSettings {
    try FeedSettings(decoding: Array(text.utf8))
  }

  @Test func roundTrip() throws {
    for settings in [FeedSettings(), FeedSettings(channel: "beta", pin: "1.0.0")] {
      let again = try FeedSettings(decoding: settings.encoded)
      #expect(again.channel == settings.channel)
      #expect(again.pin == settings.pin)
    }
  }

  /// A later version may have more to say, and may come back.
  @Test func whatIsNotKnownIsKept() throws {
    var settings = try read(
      #"{"type":"krux-feed-settings","format":1,"pin":"1.0","auto":{"interval":6}}"#)
    settings.pin = nil
    let json = try JSONParser.parse(settings.encoded, limits: BundleLimits.json)
    #expect(json["auto"]?["interval"]?.integerValue == 6)
    #expect(json["pin"] == nil)
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"type":"krux-ledger"}"#,
    #"{"type":"krux-feed-settings","channel":"a b"}"#, #"{"type":"krux-feed-settings","pin":1}"#,
  ])
  func damageIsAnError(_ text: String) {
    #expect(code { _ = try read(text) } == FeedCode.damagedSettings)
  }

  @Test func aClockIsRaisedToItsFloor() {
    let (early, late) = (Timestamp(seconds: 1), Timestamp(seconds: 2))
    #expect(FeedClock(system: early, floor: late).now == late)
    #expect(FeedClock(system: early, floor: late).isBehind)
    #expect(FeedClock(system: late, floor: early).now == late)
    #expect(!FeedClock(system: late, floor: early).isBehind)
    #expect(!FeedClock(system: late, floor: late).isBehind)
  }
}
