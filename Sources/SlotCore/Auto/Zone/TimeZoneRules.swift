/// What a time zone says of the offset between its clocks and UTC, as tzfile(5) has it (RFC 9636).
public struct TimeZoneRules: Equatable, Sendable {
  /// From `at` on clocks are `offset` seconds ahead of UTC.
  struct Change: Equatable, Sendable {
    let at: Int64
    let offset: Int64
  }

  /// Of the zone's file; for people.
  public let name: String
  /// Before the first change.
  private let first: Int64
  /// In the order of time.
  private let changes: [Change]
  /// After the last change; nil: as that left it.
  private let rule: TimeZoneRule?

  public static let utc = TimeZoneRules(name: "UTC", first: 0, changes: [], rule: nil)

  init(name: String, first: Int64, changes: [Change], rule: TimeZoneRule?) {
    self.name = name
    self.first = first
    self.changes = changes
    self.rule = rule
  }

  public func local(_ time: Timestamp) -> LocalTime {
    LocalTime(seconds: time.seconds + offset(at: time))
  }

  /// `2026-11-02 02:00`
  public func text(_ time: Timestamp) -> String {
    let text = Timestamp(seconds: time.seconds + offset(at: time)).description
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
  }

  /// Seconds that clocks are ahead of UTC.
  public func offset(at time: Timestamp) -> Int64 {
    let count = passed(time)
    if count == changes.count, let rule { return rule.offset(at: time) }
    return count == 0 ? first : changes[count - 1].offset
  }

  /// When clocks are changed next; nil when they never are.
  func nextChange(after time: Timestamp) -> Timestamp? {
    let count = passed(time)
    if count < changes.count { return Timestamp(seconds: changes[count].at) }
    return rule?.nextChange(after: time)
  }

  /// The number of changes that are not after `time`.
  private func passed(_ time: Timestamp) -> Int {
    var (low, high) = (0, changes.count)
    while low < high {
      let middle = (low + high) / 2
      if changes[middle].at <= time.seconds { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
