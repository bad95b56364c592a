/// The maintenance windows by the clock of a time zone.
public struct WindowSchedule: Equatable, Sendable {
  /// None: always open.
  public let windows: [MaintenanceWindow]
  public let zone: TimeZoneRules
  /// A window that falls wholly into an hour that does not exist opens a week later, or once more a week later.
  private static let horizon: Int64 = 22 * 86_400

  public init(_ windows: [MaintenanceWindow], _ zone: TimeZoneRules) {
    self.windows = windows
    self.zone = zone
  }

  public func isOpen(at time: Timestamp) -> Bool {
    let local = zone.local(time)
    return windows.isEmpty || windows.contains { $0.contains(local) }
  }

  /// The first moment from `time` on at which a window is open; nil when there is none in three weeks.
  public func nextOpening(from time: Timestamp) -> Timestamp? {
    var moment = time
    while moment.seconds - time.seconds <= WindowSchedule.horizon {
      if isOpen(at: moment) { return moment }
      // Until clocks are changed, the time of the next opening is a matter of counting; then it is looked at anew.
      let opening = plainOpening(after: moment)
      let next = min(opening, zone.nextChange(after: moment) ?? opening)
      // Nothing comes after the last second that can be written.
      guard next > moment else { return nil }
      moment = next
    }
    return nil
  }

  private func plainOpening(after time: Timestamp) -> Timestamp {
    let local = zone.local(time)
    let minutes = windows.map { $0.minutesToOpening(from: local) }.min() ?? 0
    let seconds = time.seconds + zone.offset(at: time)
    let midnight = Timestamp.wholeDays(seconds) * 86_400
    let intoMinute = seconds - midnight - Int64(local.minute) * 60
    return Timestamp(seconds: time.seconds - intoMinute + Int64(minutes) * 60)
  }
}
