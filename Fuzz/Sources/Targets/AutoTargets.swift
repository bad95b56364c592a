@testable internal import SlotCore

/// Automatic updates.
let autoTargets = [FuzzTarget(name: "time-zone", maximumLength: 4096, body: fuzzTimeZone)]

private let windows: [MaintenanceWindow] = {
  do {
    return try ["Mon-Fri 02:00-04:00", "Sun 23:30-00:15"].map { try MaintenanceWindow($0) }
  } catch {
    fatalError("\(error)")
  }
}()

/// A file of /usr/share/zoneinfo, and behind it the eight bytes of a time.
@Sendable private func fuzzTimeZone(_ bytes: [UInt8]) throws {
  var input = Input(bytes)
  let seconds = (0..<8).reduce(Int64(0)) { value, _ in value << 8 | Int64(input.steer()) }
  let zone = try TimeZoneRules(file: input.rest, name: "fuzz")
  for moment in [seconds, seconds % 4_000_000_000, 0].map({ Timestamp(seconds: $0) }) {
    // RFC 9636: 24:59:59 and an hour of summer at the most.
    require(abs(zone.offset(at: moment)) <= 93_600, "clocks are a day ahead or behind at most")
    let text = zone.text(moment)
    require(text.isPlain && text.utf8.count == 16, "a time is a date and a time: \(text)")
    let local = zone.local(moment)
    require((0..<7).contains(local.weekday) && (0..<1440).contains(local.minute), "and a weekday")
    if let change = zone.nextChange(after: moment) {
      require(change >= moment, "the next change is to come")
    }
    let schedule = WindowSchedule(windows, zone)
    if let opening = schedule.nextOpening(from: moment) {
      require(opening >= moment && schedule.isOpen(at: opening), "a window opens when it is open")
    }
  }
}
