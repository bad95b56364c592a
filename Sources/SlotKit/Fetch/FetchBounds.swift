/// What a file that somebody else keeps may cost: a server that sends without end, or a byte now and then, gets no
/// further.
struct FetchBounds: Sendable {
  /// Slower than this, a fetch is given up after its first minute.
  static let leastBytesPerSecond = 1024
  private static let graceMilliseconds: Int64 = 60_000

  let maximumBytes: UInt64
  /// In milliseconds of `BootClock`.
  let deadline: Int64

  init(maximumBytes: UInt64, deadline: Int64) {
    self.maximumBytes = maximumBytes
    self.deadline = deadline
  }

  /// A minute, and the time that so many bytes take at the least rate, or at half of the limit of `options`.
  init(maximumBytes: Int64, _ options: HTTPOptions) {
    let limit = options.limitRate == 0 ? Int.max : options.limitRate / 2
    let rate = Int64(max(1, min(FetchBounds.leastBytesPerSecond, limit)))
    let bytes = max(0, maximumBytes)
    let (seconds, now) = (bytes / rate, BootClock.now())
    self.init(
      maximumBytes: UInt64(bytes),
      deadline: now + FetchBounds.graceMilliseconds + min(seconds, 1 << 40) * 1000)
  }

  var isOver: Bool { BootClock.now() > deadline }
}
