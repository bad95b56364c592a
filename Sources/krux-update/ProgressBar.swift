internal import Glibc
internal import SlotKit

/// One bar on a terminal, redrawn in place; nothing anywhere else.
final class ProgressBar {
  private static let cells = 20

  private let isTerminal: Bool
  private var phase: WorkPhase?
  private var percent = -1
  private var startedAt = Double(0)

  init() { isTerminal = isatty(STDOUT_FILENO) == 1 }

  /// Seconds on a clock that nobody sets.
  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Work that broke off leaves the bar as it was; what is said of it begins on a line of its own.
  deinit { if (0..<100).contains(percent) { Report.line() } }

  func draw(_ phase: WorkPhase, done: UInt64, total: UInt64) {
    guard isTerminal, total > 0 else { return }
    let percent = Int(min(100, done * 100 / total))
    if self.phase != phase {
      self.phase = phase
      startedAt = ProgressBar.now
    } else if percent == self.percent {
      return
    }
    self.percent = percent
    let full = percent * ProgressBar.cells / 100
    let bar =
      String(repeating: "█", count: full)
      + String(repeating: "░", count: ProgressBar.cells - full)
    let end = percent == 100 ? "\n" : ""
    Report.out("\r  \(bar) \(percent)%\(rate(done, total))\u{1B}[K\(end)")
  }

  private func rate(_ done: UInt64, _ total: UInt64) -> String {
    let elapsed = ProgressBar.now - startedAt
    guard elapsed > 0.5, done > 0 else { return "" }
    let speed = Double(done) / elapsed
    let left = Int((Double(total - min(done, total)) / speed).rounded(.up))
    return "  \(Format.bytes(UInt64(speed)))/s"
      + (left > 0 ? "  \(Format.duration(seconds: left)) left" : "")
  }
}
