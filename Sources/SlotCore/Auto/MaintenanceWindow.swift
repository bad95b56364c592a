/// What the clock on the wall shows.
public struct LocalTime: Equatable, Sendable {
  /// 0 for Monday to 6 for Sunday.
  public let weekday: Int
  /// Since midnight: 0 to 1439.
  public let minute: Int

  public init(weekday: Int, minute: Int) {
    (self.weekday, self.minute) = (weekday, minute)
  }

  /// - Parameter seconds: since 1970-01-01T00:00:00 by that clock.
  init(seconds: Int64) {
    let days = Timestamp.wholeDays(seconds)
    // 1970-01-01 was a Thursday.
    weekday = Int(((days + 3) % 7 + 7) % 7)
    minute = Int((seconds - days * 86_400) / 60)
  }
}

/// When an update may take effect: `Mon-Fri 02:00-04:00`, `Sat,Sun 22:00-06:00`, `02:00-04:00`.
///
/// It is open while the clock on the wall shows a time from the first up to the second, on days that are named; one that
/// passes midnight belongs to the day on which it opens. So on the two days of a year on which clocks are changed it is
/// shorter or longer, and never open when the clock shows another time.
public struct MaintenanceWindow: Equatable, Sendable, CustomStringConvertible {
  /// What is shorter could pass between two looks of the timer.
  public static let minimumMinutes = 30
  public static let maximumCount = 32
  private static let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let minutesOfDay = 1440

  /// By the days of `LocalTime.weekday`: those on which it opens.
  private let days: [Bool]
  /// Minutes since midnight: 0 to 1439.
  let from: Int
  /// 1 to 1440; not after `from` when it is of the next day.
  let to: Int

  /// - Throws: `wrongWindow`.
  public init(_ text: String) throws(AutoFailure) {
    let parts = text.split(separator: " ").map(String.init)
    guard (1...2).contains(parts.count), let span = parts.last else {
      throw MaintenanceWindow.wrong(text, "has to be like 'Mon-Fri 02:00-04:00'")
    }
    let times = span.split(separator: "-", omittingEmptySubsequences: false)
    guard times.count == 2, let from = MaintenanceWindow.minutes(times[0]),
      let to = MaintenanceWindow.minutes(times[1]), from < MaintenanceWindow.minutesOfDay
    else { throw MaintenanceWindow.wrong(text, "has to end with two times like 02:00-04:00") }
    guard let days = MaintenanceWindow.days(parts.count == 2 ? parts[0] : "Mon-Sun") else {
      throw MaintenanceWindow.wrong(
        text, "names days otherwise than as Mon, Tue, Wed, Thu, Fri, Sat, Sun")
    }
    (self.days, self.from, self.to) = (days, from, to)
    guard from != to, length >= MaintenanceWindow.minimumMinutes else {
      throw MaintenanceWindow.wrong(
        text, "has to be open for \(MaintenanceWindow.minimumMinutes) minutes at least")
    }
  }

  private static func wrong(_ text: String, _ what: String) -> AutoFailure {
    AutoFailure(
      .wrongWindow, "the window '\(text.printable)' \(what)",
      hint: "write days and times as in 'Mon-Fri 02:00-04:00' or 'Sat,Sun 22:00-06:00'")
  }

  /// Minutes, on a day on which no clock is changed.
  private var length: Int { from < to ? to - from : to - from + MaintenanceWindow.minutesOfDay }

  /// `HH:MM` from 00:00 to 24:00, in minutes.
  private static func minutes(_ text: Substring) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
    let digits = [bytes[0], bytes[1], bytes[3], bytes[4]].map { Int($0) - 48 }
    guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
    let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard minute < 60, hour < 24 || hour == 24 && minute == 0 else { return nil }
    return hour * 60 + minute
  }

  /// `Mon`, `Mon,Wed`, `Fri-Mon`; nil for anything else.
  private static func days(_ text: String) -> [Bool]? {
    var days = [Bool](repeating: false, count: names.count)
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
        .map { names.firstIndex(of: String($0)) }
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1]
      else { return nil }
      for offset in 0...(last - first + names.count) % names.count {
        days[(first + offset) % names.count] = true
      }
    }
    return days
  }

  public func contains(_ time: LocalTime) -> Bool {
    if from < to { return days[time.weekday] && (from..<to).contains(time.minute) }
    let yesterday = (time.weekday + 6) % 7
    return days[time.weekday] && time.minute >= from || days[yesterday] && time.minute < to
  }

  /// Minutes from `time` to the next opening, if the clock is not changed in between.
  func minutesToOpening(from time: LocalTime) -> Int {
    (0...7).lazy.compactMap { day -> Int? in
      let minutes = day * MaintenanceWindow.minutesOfDay + from - time.minute
      return days[(time.weekday + day) % 7] && minutes > 0 ? minutes : nil
    }.first ?? 7 * MaintenanceWindow.minutesOfDay
  }

  public var description: String {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let times = [from, to].map { "\(two($0 / 60)):\(two($0 % 60))" }.joined(separator: "-")
    if days.allSatisfy({ $0 }) { return times }
    var parts: [String] = []
    var day = 0
    while day < 7 {
      guard days[day] else {
        day += 1
        continue
      }
      var last = day
      while last + 1 < 7, days[last + 1] { last += 1 }
      let (first, end) = (MaintenanceWindow.names[day], MaintenanceWindow.names[last])
      parts.append(last == day ? first : last == day + 1 ? "\(first),\(end)" : "\(first)-\(end)")
      day = last + 1
    }
    return "\(parts.joined(separator: ",")) \(times)"
  }
}
