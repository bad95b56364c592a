internal import Glibc

/// Keeps a fetch under a rate: what has come has to be worth the time that has passed.
struct RateLimit {
  /// What a fetch that was slower for a moment may catch up on, in nanoseconds.
  static let creditNanoseconds: Int64 = 100_000_000

  private let bytesPerSecond: Int64
  /// When what has come is paid for.
  private var paid = Int64.min

  init(bytesPerSecond: Int) { self.bytesPerSecond = Int64(bytesPerSecond) }

  mutating func take(bytes: Int, now: Int64) {
    let cost = Double(bytes) * 1e9 / Double(bytesPerSecond)
    paid = max(paid, now - RateLimit.creditNanoseconds) + Int64(cost)
  }

  /// Nanoseconds to wait before anything more may come.
  func delay(now: Int64) -> Int64 { paid > now ? paid - now : 0 }

  /// `200`, `200K`, `1M`, `2G` (1024 bytes each, as curl has it); nil for anything else.
  static func bytesPerSecond(_ text: String) -> Int? {
    let suffixes: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let factor = text.last.flatMap { suffixes[Character($0.uppercased())] }
    let digits = factor == nil ? text[...] : text.dropLast()
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(digits)
    else { return nil }
    let (product, isTooMuch) = number.multipliedReportingOverflow(by: factor ?? 1)
    return isTooMuch || product > RateLimit.maximum ? nil : product
  }

  /// A tebibyte in a second.
  static let maximum = 1 << 40
}

/// The time that a limited fetch goes by. Tests have one of their own.
protocol FetchClock: Sendable {
  /// Nanoseconds since some moment.
  func now() -> Int64
  /// Inside `monitor.locked`: waits, or until the monitor is woken.
  func wait(nanoseconds: Int64, _ monitor: Monitor)
}

struct SystemFetchClock: FetchClock {
  func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  func wait(nanoseconds: Int64, _ monitor: Monitor) {
    monitor.wait(milliseconds: (nanoseconds + 999_999) / 1_000_000)
  }
}
