import SlotCore
import Testing

@Suite struct MaintenanceWindowTests {
  @Test(arguments: [
    ("Mon-Fri 02:00-04:00", "Mon-Fri 02:00-04:00"), ("02:00-04:00", "02:00-04:00"),
    ("Mon-Sun 02:00-04:00", "02:00-04:00"), ("Sun,Sat 22:00-06:00", "Sat,Sun 22:00-06:00"),
    ("Fri-Mon 00:00-24:00", "Mon,Fri-Sun 00:00-24:00"), ("Wed 23:30-00:00", "Wed 23:30-00:00"),
    ("Tue-Tue 10:00-10:30", "Tue 10:00-10:30"),
  ])
  func whatIsRead(text: String, written: String) throws {
    let window = try MaintenanceWindow(text)
    #expect(window.description == written)
    #expect(try MaintenanceWindow(window.description) == window)
  }

  @Test(arguments: [
    "", "Mon", "Mon-Fri", "Mon 2:00-4:00", "Mon 02:00", "Mon 02:00-04:00-05:00", "Mon 24:00-02:00",
    "Mon 02:60-04:00", "Mon 02:00-24:01", "Mon 02:00-02:00", "Mon 02:00-02:29", "mon 02:00-04:00",
    "Mon- 02:00-04:00", "Mon,,Tue 02:00-04:00", "Mon-Tue-Wed 02:00-04:00", "Mon Tue 02:00-04:00",
    "Mon 23:45-00:00", "Mon 0٢:00-04:00", "Mon -2:00-04:00",
  ])
  func whatIsNoWindow(text: String) {
    #expect(code { _ = try MaintenanceWindow(text) } == AutoCode.wrongWindow)
  }

  @Test func theEndIsOutside() throws {
    let window = try MaintenanceWindow("Tue 02:00-04:00")
    let inside = [119, 120, 239, 240].map {
      window.contains(LocalTime(weekday: 1, minute: $0))
    }
    #expect(inside == [false, true, true, false])
    #expect(!window.contains(LocalTime(weekday: 2, minute: 120)))
  }

  /// It belongs to the day on which it opens.
  @Test func aWindowPassesMidnight() throws {
    let window = try MaintenanceWindow("Sun 22:00-06:00")
    #expect(window.contains(LocalTime(weekday: 6, minute: 22 * 60)))
    #expect(window.contains(LocalTime(weekday: 0, minute: 359)))
    #expect(!window.contains(LocalTime(weekday: 0, minute: 360)))
    #expect(!window.contains(LocalTime(weekday: 6, minute: 0)))
    #expect(!window.contains(LocalTime(weekday: 0, minute: 22 * 60)))
  }

  @Test(
    arguments: [
      ("6h", 21_600), ("90m", 5400), ("2d", 172_800), ("15s", nil), ("6", nil), ("h", nil),
      ("-6h", nil), ("6 h", nil), ("9999999999d", nil), ("٦h", nil), ("31d", nil), ("", nil),
    ] as [(String, Int?)])
  func lengthsOfTime(text: String, seconds: Int?) {
    #expect(DurationText.seconds(text, in: AutoSettings.intervals) == seconds.map { Int64($0) })
  }

  @Test func lengthsAreWritten() {
    #expect(
      [21_600, 5400, 172_800, 61, 0].map(DurationText.text) == ["6h", "90m", "2d", "61s", "0s"])
  }
}
