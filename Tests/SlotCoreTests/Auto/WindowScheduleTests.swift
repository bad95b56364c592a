import SlotCore
import Testing

/// Windows by the clock on the wall, on days on which somebody changes it.
@Suite struct WindowScheduleTests {
  private func schedule(_ windows: String...) throws -> WindowSchedule {
    try schedule(windows)
  }

  private func schedule(_ windows: [String]) throws -> WindowSchedule {
    WindowSchedule(
      try windows.map { try MaintenanceWindow($0) }, try ZoneSample.berlin.rules())
  }

  /// When it opens and closes between two times, found minute by minute.
  private func changes(
    _ schedule: WindowSchedule, from: String, to: String
  ) -> [String] {
    var found: [String] = []
    var wasOpen = false
    for seconds in stride(from: time(from).seconds, to: time(to).seconds, by: 60) {
      let now = Timestamp(seconds: seconds)
      let isOpen = schedule.isOpen(at: now)
      if isOpen != wasOpen { found.append("\(isOpen ? "opens" : "closes") \(now)") }
      wasOpen = isOpen
    }
    return found
  }

  @Test func anOrdinaryNight() throws {
    let found = changes(
      try schedule("02:00-04:00"), from: "2026-03-28T00:00:00Z", to: "2026-03-28T12:00:00Z")
    #expect(found == ["opens 2026-03-28T01:00:00Z", "closes 2026-03-28T03:00:00Z"])
  }

  /// 02:00 is 03:00: an hour is left of the two.
  @Test func theNightWithoutAnHour() throws {
    let found = changes(
      try schedule("02:00-04:00"), from: "2026-03-29T00:00:00Z", to: "2026-03-29T12:00:00Z")
    #expect(found == ["opens 2026-03-29T01:00:00Z", "closes 2026-03-29T02:00:00Z"])
  }

  /// 03:00 is 02:00 again: three hours instead of two.
  @Test func theNightWithAnHourTwice() throws {
    let found = changes(
      try schedule("02:00-04:00"), from: "2026-10-24T22:00:00Z", to: "2026-10-25T12:00:00Z")
    #expect(found == ["opens 2026-10-25T00:00:00Z", "closes 2026-10-25T03:00:00Z"])
    let twice = changes(
      try schedule("02:15-02:45"), from: "2026-10-24T22:00:00Z", to: "2026-10-25T12:00:00Z")
    #expect(
      twice == [
        "opens 2026-10-25T00:15:00Z", "closes 2026-10-25T00:45:00Z",
        "opens 2026-10-25T01:15:00Z", "closes 2026-10-25T01:45:00Z",
      ])
  }

  @Test func nothingComesAfterTheLastSecond() throws {
    let end = time("9999-12-31T23:59:59Z")
    #expect(try schedule("12:00-13:00").nextOpening(from: end) == nil)
  }

  /// A window that is not there on one day is there on the next of its days.
  @Test func aWindowInTheHourThatIsNotThere() throws {
    let daily = try schedule("02:15-02:45")
    #expect(
      daily.nextOpening(from: time("2026-03-29T00:00:00Z")) == time("2026-03-30T00:15:00Z"))
    let weekly = try schedule("Sun 02:15-02:45")
    #expect(
      weekly.nextOpening(from: time("2026-03-22T12:00:00Z")) == time("2026-04-05T00:15:00Z"))
  }

  /// `nextOpening` says what a look at every minute says.
  @Test(
    arguments: ["2026-03-27T10:07:31Z", "2026-10-23T10:07:31Z", "2026-06-01T00:00:00Z"],
    [["Sat,Sun 02:15-02:45", "Mon 23:00-01:00", "Wed 03:00-03:30"], ["Sun 04:00-06:00"]])
  func theNextOpeningIsTheFirst(start: String, windows: [String]) throws {
    let schedule = try schedule(windows)
    for offset in stride(from: Int64(0), to: 5 * 86_400, by: 1733) {
      let from = Timestamp(seconds: time(start).seconds + offset)
      let isOpen = schedule.isOpen(at: from)
      let minutes = stride(from: from.seconds / 60 * 60 + 60, to: from.seconds + 8 * 86_400, by: 60)
      let first =
        isOpen
        ? from : minutes.lazy.map { Timestamp(seconds: $0) }.first { schedule.isOpen(at: $0) }
      #expect(schedule.nextOpening(from: from) == first, "from \(from)")
    }
  }

  @Test func withoutWindowsItIsAlwaysOpen() throws {
    let now = time("2026-03-29T01:00:00Z")
    #expect(try schedule().isOpen(at: now))
    #expect(try schedule().nextOpening(from: now) == now)
  }
}
