import SlotCore
import Testing

@Suite struct TimeZoneTests {
  private func rules(_ footer: String) throws -> TimeZoneRules {
    try ZoneSample(footer: footer).rules()
  }

  private func refusal(_ sample: ZoneSample) -> AutoCode? {
    code { _ = try sample.rules() }
  }

  // MARK: - Rules

  @Test(arguments: [
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600),
    ("CET-1CEST,M3.5.0,M10.5.0/3", "2400-01-01T00:00:00Z", 3600),
    // The southern summer is over the turn of the year.
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 39_600),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-04-04T16:00:00Z", 36_000),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-10-03T15:59:59Z", 36_000),
    ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-10-03T16:00:00Z", 39_600),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-06-01T00:00:00Z", 37_800),
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-12-01T00:00:00Z", 39_600),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600),
    ("EST5EDT,J60/0,299/0", "2024-02-29T12:00:00Z", -18_000),
    ("EST5EDT,J60/0,299/0", "2024-03-01T12:00:00Z", -14_400),
    ("EST5EDT,J60/0,299/0", "2023-03-01T12:00:00Z", -14_400),
    ("EST5EDT,J60/0,299/0", "2023-10-27T12:00:00Z", -18_000),
    ("UTC0", "2026-07-01T00:00:00Z", 0), ("IST-5:30", "2026-07-01T00:00:00Z", 19_800),
  ])
  func theRuleAfterTheLastChange(footer: String, at: String, expected: Int) throws {
    #expect(try rules(footer).offset(at: time(at)) == Int64(expected))
  }

  @Test(arguments: [
    "CE-1", "CET", "CET-25", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1:60",
    "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/168",
    "CET-1CEST,J0,J1", "CET-1CEST,366,1", "<CET-1", "CET-1CEST", "CET-1CEST,M3.5.0,M10.5.0x",
    "CET-0000000001",
  ])
  func whatIsNoRule(footer: String) {
    #expect(refusal(ZoneSample(footer: footer)) == .unknownTimeZone)
  }

  // MARK: - Files

  @Test func changesOfTheFileComeFirst() throws {
    let sample = ZoneSample(
      offsets: [1000, 7200, 3600],
      changes: [(at: -100, type: 1), (at: 200, type: 2), (at: 300, type: 1)], footer: "")
    let rules = try sample.rules()
    let offsets = [-101, -100, 199, 200, 299, 300, 1 << 40].map {
      rules.offset(at: Timestamp(seconds: $0))
    }
    #expect(offsets == [1000, 7200, 7200, 3600, 3600, 7200, 7200])
  }

  @Test func aFileThatIsCutIsRefused() throws {
    let bytes = ZoneSample(
      offsets: [0, 3600], changes: [(at: 100, type: 1), (at: 200, type: 0)]
    ).bytes
    for count in 0..<bytes.count {
      let cut = Array(bytes.prefix(count))
      let code = code(AutoCode.self) { _ = try TimeZoneRules(file: cut, name: "x") }
      #expect(code == AutoCode.unknownTimeZone, "\(count) bytes")
    }
    #expect(try TimeZoneRules(file: bytes, name: "x").offset(at: Timestamp(seconds: 150)) == 3600)
  }

  /// Whatever one byte says: refused, or rules that tell a time.
  @Test func noByteTraps() throws {
    let bytes = ZoneSample(
      offsets: [0, 3600], changes: [(at: 100, type: 1), (at: 200, type: 0)]
    ).bytes
    var read = 0
    for index in bytes.indices {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var changed = bytes
        changed[index] = value
        guard let rules = try? TimeZoneRules(file: changed, name: "x") else { continue }
        read += 1
        let window = try MaintenanceWindow("Mon 02:00-04:00")
        _ = WindowSchedule([window], rules).nextOpening(from: time("2026-03-29T00:00:00Z"))
      }
    }
    #expect(read > 0)
  }

  @Test func whatMakesNoSenseIsRefused() {
    #expect(refusal(ZoneSample(leapSeconds: 1)) == .unknownTimeZone)
    #expect(refusal(ZoneSample(offsets: [])) == .unknownTimeZone)
    #expect(refusal(ZoneSample(offsets: [100_000])) == .unknownTimeZone)
    #expect(refusal(ZoneSample(changes: [(at: 1, type: 1)])) == .unknownTimeZone)
    #expect(
      refusal(ZoneSample(changes: [(at: 2, type: 0), (at: 2, type: 0)])) == .unknownTimeZone)
  }

  @Test func timesAreWrittenForPeople() throws {
    let rules = try ZoneSample.berlin.rules()
    #expect(rules.text(time("2026-07-31T22:30:00Z")) == "2026-08-01 00:30")
    #expect(rules.local(time("2026-07-31T22:30:59Z")) == LocalTime(weekday: 5, minute: 30))
    #expect(
      TimeZoneRules.utc.local(time("1969-12-31T23:59:00Z")) == LocalTime(weekday: 2, minute: 1439))
  }
}
