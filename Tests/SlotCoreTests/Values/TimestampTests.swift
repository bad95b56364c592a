import SlotCore
import Testing

@Suite struct TimestampTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59Z", -1),
      ("2000-02-29T12:34:56Z", 951_827_696), ("2026-11-21T05:00:00Z", 1_795_237_200),
      ("2038-01-19T03:14:08Z", 2_147_483_648), ("0001-01-01T00:00:00Z", -62_135_596_800),
      ("9999-12-31T23:59:59Z", 253_402_300_799),
    ] as [(String, Int64)])
  func readsAndWrites(_ text: String, _ seconds: Int64) {
    #expect(Timestamp(text)?.seconds == seconds)
    #expect(Timestamp(seconds: seconds).description == text)
  }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21T05:00:00", "2026-11-21T05:00:00+00:00", "2026-11-21t05:00:00z",
    "2026-11-21 05:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
    "2026-00-10T00:00:00Z", "2026-13-10T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z ", "+026-01-01T00:00:00Z", "2026-1-001T00:00:00Z",
  ])
  func refuses(_ text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func clampsToWhatCanBeWritten() {
    #expect(Timestamp(seconds: .max).description == "9999-12-31T23:59:59Z")
    #expect(Timestamp(seconds: .min).description == "0001-01-01T00:00:00Z")
  }

  @Test func daysOfEightCenturiesComeBack() {
    for day in stride(from: Int64(-146_097), to: 146_097, by: 7) {
      let stamp = Timestamp(seconds: day * 86_400 + 86_399)
      #expect(Timestamp(stamp.description) == stamp)
    }
  }

  @Test func isOrderedByTime() {
    #expect(Timestamp(seconds: -1) < Timestamp(seconds: 0))
  }
}
