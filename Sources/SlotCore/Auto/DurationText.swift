/// Lengths of time as people write them: `15m`, `6h`, `2d`.
public enum DurationText {
  private static let units: [(letter: Character, seconds: Int64)] = [
    ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
  ]

  /// Seconds within `range`; nil for anything else.
  public static func seconds(_ text: String, in range: ClosedRange<Int64>) -> Int64? {
    guard let unit = units.first(where: { $0.letter == text.last }) else { return nil }
    let digits = text.dropLast()
    guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let count = Int64(digits)
    else { return nil }
    let (seconds, overflow) = count.multipliedReportingOverflow(by: unit.seconds)
    return !overflow && range.contains(seconds) ? seconds : nil
  }

  /// In the largest unit that leaves no rest.
  public static func text(_ seconds: Int64) -> String {
    let unit = units.first { seconds % $0.seconds == 0 && seconds != 0 } ?? ("s", 1)
    return "\(seconds / unit.seconds)\(unit.letter)"
  }
}
