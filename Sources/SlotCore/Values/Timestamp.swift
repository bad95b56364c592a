/// A moment as seconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC.
///
/// Values come from outside (SlotCore has no clock) and only describe: nothing is decided by them.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// 0001-01-01 to 9999-12-31: what RFC 3339 can write.
  private static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  public let seconds: Int64

  /// Clamped to the years 1 to 9999.
  public init(seconds: Int64) {
    self.seconds = min(max(seconds, Timestamp.range.lowerBound), Timestamp.range.upperBound)
  }

  /// `YYYY-MM-DDTHH:MM:SSZ` and nothing else.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    let template = Array("0000-00-00T00:00:00Z".utf8)
    guard bytes.count == template.count else { return nil }
    for (byte, expected) in zip(bytes, template) {
      let digit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      guard expected == UInt8(ascii: "0") ? digit : byte == expected else { return nil }
    }
    func number(_ start: Int, _ count: Int) -> Int64 {
      bytes[start..<start + count].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
    let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
    let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
    guard year >= 1, (1...12).contains(month), (1...31).contains(day),
      hour < 24, minute < 60, second < 60
    else { return nil }
    self.init(
      seconds: Timestamp.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
    guard description == text else { return nil }  // 31 February and the like
  }

  public var description: String {
    let days = Timestamp.wholeDays(seconds)
    let rest = seconds - days * 86_400
    let (year, month, day) = Timestamp.civil(days)
    func pad(_ value: Int64, _ width: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))T"
      + "\(pad(rest / 3600, 2)):\(pad(rest / 60 % 60, 2)):\(pad(rest % 60, 2))Z"
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.seconds < right.seconds }

  /// Days since 1970-01-01 that `seconds` since then have, rounded down.
  static func wholeDays(_ seconds: Int64) -> Int64 {
    Int64((Double(seconds) / 86_400).rounded(.down))
  }

  /// Days since 1970-01-01 of a date of the Gregorian calendar, counted in years that begin in March.
  static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The inverse of `days`.
  static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth + (marchMonth < 10 ? 3 : -9)
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
