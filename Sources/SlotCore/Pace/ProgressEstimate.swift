/// Rate and time left of one phase of work, as they can be shown: calm, and not better than they are.
///
/// What is written and what is fetched are followed apart, and the one that needs longer counts: zeros that are
/// written in no time say nothing of the bytes that still have to travel. The time left runs down as a clock does and
/// is drawn to each new estimate by a part of the difference.
public struct ProgressEstimate: Sendable {
  /// Seconds after which a third of the way to a new estimate is left.
  static let calm = 4.0
  /// A wait without news moves it by no more than as many seconds would.
  static let longestStep = 2.0
  /// What takes longer is not known.
  static let longest = 1e6

  private var work = RateEstimate()
  private var fetch = RateEstimate()
  private var shown: (seconds: Double, time: Double)?
  private var isComplete = false

  public init() {}

  /// - Parameters:
  ///   - done: bytes of the phase so far, of `total`.
  ///   - fetched: bytes that travelled so far, of about `toFetch`; 0 of 0 where nothing has to.
  ///   - now: seconds on a clock that nobody sets.
  public mutating func update(
    done: UInt64, total: UInt64, fetched: UInt64 = 0, toFetch: UInt64 = 0, at now: Double
  ) {
    work.update(done, at: now)
    fetch.update(fetched, at: now)
    isComplete = done >= total
    // Bytes of headers and of what is read ahead are no sign that the rest needs none.
    let left = toFetch - min(toFetch, fetched)
    // Where something has to travel and nothing has, what was written so far says nothing.
    guard let writing = work.seconds(for: total - min(total, done)),
      let fetching = left > 0 ? fetch.seconds(for: left) : 0
    else { return }
    show(max(writing, fetching), at: now)
  }

  private mutating func show(_ estimate: Double, at now: Double) {
    guard estimate < ProgressEstimate.longest else {
      shown = nil
      return
    }
    guard let before = shown else {
      shown = (estimate, now)
      return
    }
    let step = max(0, now - before.time)
    let counted = max(0, before.seconds - step)
    let pull = min(step, ProgressEstimate.longestStep)
    let weight = pull / (pull + ProgressEstimate.calm)
    shown = (counted + (estimate - counted) * weight, now)
  }

  /// Of the phase's bytes; nil in its first second.
  public var bytesPerSecond: Double? { work.bytesPerSecond }

  /// Until the end of the phase; nil in its first second, and when it would be more than eleven days.
  public var secondsLeft: Double? {
    if isComplete { return 0 }
    return shown?.seconds
  }
}
