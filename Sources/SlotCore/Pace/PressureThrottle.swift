/// Spaces the steps of work in the background, a mebibyte or less each, by how long other programs are kept waiting.
///
/// Above the limit the gap between steps doubles, below it shrinks by a quarter. Many small gaps and not a few long
/// ones: what is in flight between two of them is done before more comes, so that nobody waits behind a full queue.
/// No gap is longer than `longestGap`, so work goes on whatever the others do. Times are milliseconds on a clock that
/// nobody sets.
public struct PressureThrottle: Sendable {
  /// Between two readings.
  public static let interval: Int64 = 250
  public static let firstGap: Int64 = 4
  /// At least ten steps a second.
  public static let longestGap: Int64 = 100

  private let limitPercent: Int
  private var last: (reading: PressureReading, time: Int64)?
  private var nextStep = Int64.min
  /// From the start of one step to that of the next.
  public private(set) var gap: Int64 = 0

  /// - Parameter limitPercent: the share of time that others may wait; 100 for any.
  public init(limitPercent: Int) { self.limitPercent = limitPercent }

  public func isReadingDue(at now: Int64) -> Bool {
    last.map { now - $0.time >= PressureThrottle.interval } ?? true
  }

  public mutating func take(_ reading: PressureReading, at now: Int64) {
    defer { last = (reading, now) }
    guard let last, now > last.time else { return }
    let percent =
      Double(reading.longestStall(since: last.reading)) / (Double(now - last.time) * 1000) * 100
    // Two clocks may differ a little, so that whoever waits always seems to wait for more than that.
    if min(percent, 100) > Double(limitPercent) {
      gap = min(PressureThrottle.longestGap, max(PressureThrottle.firstGap, gap * 2))
    } else {
      gap = gap * 3 / 4
    }
  }

  /// How long the step that would begin now has to wait. Steps of several threads stand in one line.
  public mutating func delay(at now: Int64) -> Int64 {
    let start = max(nextStep, now)
    nextStep = start + gap
    return start - now
  }
}
