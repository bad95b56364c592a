/// The rate of work that comes in bursts: the mean over all time, in which the last seconds count most.
///
/// Bytes and seconds fade alike, so that the rate is a mean from the first moment and a constant rate is exact.
public struct RateEstimate: Sendable {
  /// Seconds after which what was seen counts about a third.
  public static let memory = 10.0
  /// Seconds of work before anything is said.
  public static let patience = 1.0

  private var bytes = 0.0
  private var seconds = 0.0
  private var elapsed = 0.0
  private var last: (done: UInt64, time: Double)?

  public init() {}

  /// - Parameters:
  ///   - done: bytes so far.
  ///   - now: seconds on a clock that nobody sets.
  public mutating func update(_ done: UInt64, at now: Double) {
    defer { last = (done, now) }
    guard let last, now > last.time else { return }
    // Until something comes, as a server's first answer, there is no rate.
    guard bytes > 0 || done > last.done else { return }
    let step = now - last.time
    let keep = RateEstimate.memory / (RateEstimate.memory + step)
    bytes = (bytes + Double(done - min(done, last.done))) * keep
    seconds = (seconds + step) * keep
    elapsed += step
  }

  /// Nil in the beginning, and while nothing has come.
  public var bytesPerSecond: Double? {
    elapsed >= RateEstimate.patience && bytes > 0 ? bytes / seconds : nil
  }

  /// Seconds for as many bytes.
  public func seconds(for bytes: UInt64) -> Double? {
    bytesPerSecond.map { Double(bytes) / $0 }
  }
}
