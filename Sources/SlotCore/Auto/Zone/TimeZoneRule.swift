/// The rule for all time after the last change in a zone's file: a TZ string of POSIX, as `CET-1CEST,M3.5.0,M10.5.0/3`.
struct TimeZoneRule: Equatable, Sendable {
  /// A day of each year and a time of it.
  private struct Day: Equatable {
    enum Form: Equatable {
      /// 1 to 365; 29 February is never counted.
      case julian(Int64)
      /// 0 to 365.
      case ordinal(Int64)
      /// Weekday from 0 for Sunday; week 5 is the last one.
      case weekday(month: Int64, week: Int64, day: Int64)
    }

    let form: Form
    /// Seconds since midnight, which may be of days before or after.
    let time: Int64

    /// Seconds since 1970 by the clock on the wall.
    func seconds(in year: Int64) -> Int64 { days(in: year) * 86_400 + time }

    private func days(in year: Int64) -> Int64 {
      let start = Timestamp.days(year, 1, 1)
      switch form {
      case .ordinal(let day): return start + day
      case .julian(let day):
        let isLeap = Timestamp.days(year + 1, 1, 1) - start == 366
        return start + day - (isLeap && day >= 60 ? 0 : 1)
      case .weekday(let month, let week, let day):
        let first = Timestamp.days(year, month, 1)
        // 1970-01-01 was a Thursday, day 4.
        let offset = (day - (first + 4) % 7 + 14) % 7
        let next = month == 12 ? Timestamp.days(year + 1, 1, 1) : Timestamp.days(year, month + 1, 1)
        let found = first + offset + (week - 1) * 7
        return found < next ? found : found - 7
      }
    }
  }

  /// Seconds ahead of UTC.
  private let standard: Int64
  private let summer: Summer?

  private struct Summer: Equatable {
    let offset: Int64
    let begins: Day
    let ends: Day
  }

  func offset(at time: Timestamp) -> Int64 {
    changes(around: time).last { $0.at <= time.seconds }?.offset ?? standard
  }

  func nextChange(after time: Timestamp) -> Timestamp? {
    changes(around: time).first { $0.at > time.seconds }.map { Timestamp(seconds: $0.at) }
  }

  private func changes(around time: Timestamp) -> [TimeZoneRules.Change] {
    guard let summer else { return [] }
    let year = Timestamp.civil(Timestamp.wholeDays(time.seconds)).year
    return (year - 1...year + 1).flatMap { year in
      [
        TimeZoneRules.Change(at: summer.begins.seconds(in: year) - standard, offset: summer.offset),
        TimeZoneRules.Change(at: summer.ends.seconds(in: year) - summer.offset, offset: standard),
      ]
    }.sorted { $0.at < $1.at }
  }

  // MARK: - Reading

  /// Nil for what is no such string.
  init?(_ text: some StringProtocol) {
    var reader = Reader(rest: Array(text.utf8)[...])
    guard reader.name(), let west = reader.clock(hours: 24) else { return nil }
    standard = -west
    guard !reader.rest.isEmpty else {
      summer = nil
      return
    }
    guard reader.name() else { return nil }
    let begin = UInt8(ascii: ",")
    let summerWest = reader.rest.first == begin ? west - 3600 : reader.clock(hours: 24)
    guard let summerWest, let begins = reader.day(), let ends = reader.day(), reader.rest.isEmpty
    else { return nil }
    summer = Summer(offset: -summerWest, begins: begins, ends: ends)
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard let byte = rest.first, Unicode.Scalar(byte) == character else { return false }
      rest.removeFirst()
      return true
    }

    /// Three letters or more; or letters, digits and signs between `<` and `>`.
    mutating func name() -> Bool {
      let isQuoted = take("<")
      let end =
        rest.firstIndex { byte in
          isQuoted ? byte == UInt8(ascii: ">") : !(65...90).contains(byte & 0xDF)
        } ?? rest.endIndex
      let count = end - rest.startIndex
      rest = rest[end...]
      return count >= 3 && (!isQuoted || take(">"))
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
      let digits = rest.prefix { (48...57).contains($0) }
      guard (1...3).contains(digits.count) else { return nil }
      rest = rest[digits.endIndex...]
      let value = digits.reduce(Int64(0)) { $0 * 10 + Int64($1) - 48 }
      return range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func clock(hours: Int64) -> Int64? {
      let sign: Int64 = take("-") ? -1 : 1
      if sign > 0 { _ = take("+") }
      guard var seconds = number(0...hours).map({ $0 * 3600 }) else { return nil }
      for unit: Int64 in [60, 1] where take(":") {
        guard let value = number(0...59) else { return nil }
        seconds += value * unit
      }
      return sign * seconds
    }

    mutating func day() -> Day? {
      guard take(","), let form = form() else { return nil }
      guard take("/") else { return Day(form: form, time: 7200) }
      return clock(hours: 167).map { Day(form: form, time: $0) }
    }

    private mutating func form() -> Day.Form? {
      if take("J") { return number(1...365).map { .julian($0) } }
      guard take("M") else { return number(0...365).map { .ordinal($0) } }
      guard let month = number(1...12), take("."), let week = number(1...5), take("."),
        let day = number(0...6)
      else { return nil }
      return .weekday(month: month, week: week, day: day)
    }
  }
}
