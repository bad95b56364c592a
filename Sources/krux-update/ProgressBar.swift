internal import Glibc
internal import SlotKit

/// One bar on a terminal, redrawn in place; nothing anywhere else.
final class ProgressBar {
  private static let cells = 20

  private let isTerminal: Bool
  private var phase: WorkPhase?
  private var percent = -1
  private var drawnAt = Double(0)

  init() { isTerminal = isatty(STDOUT_FILENO) == 1 }

  /// Work that broke off leaves the bar as it was; what is said of it begins on a line of its own.
  deinit { if (0..<100).contains(percent) { Report.line() } }

  /// Draws what differs from what is there: another hundredth, or a second that has passed.
  func draw(_ progress: PhaseProgress) {
    guard isTerminal, progress.total > 0 else { return }
    guard phase != progress.phase || percent != progress.percent || drawnAt + 1 <= progress.time
    else { return }
    // What comes after the end of a phase is of no interest.
    guard phase != progress.phase || percent < 100 else { return }
    (phase, percent, drawnAt) = (progress.phase, progress.percent, progress.time)
    let full = percent * ProgressBar.cells / 100
    let bar =
      String(repeating: "█", count: full)
      + String(repeating: "░", count: ProgressBar.cells - full)
    let end = percent == 100 ? "\n" : ""
    Report.out("\r  \(bar) \(percent)%\(ProgressBar.rate(progress))\u{1B}[K\(end)")
  }

  private static func rate(_ progress: PhaseProgress) -> String {
    guard let rate = progress.bytesPerSecond else { return "" }
    guard let left = progress.secondsLeft, left > 0 else { return "  \(Format.bytes(rate))/s" }
    return "  \(Format.bytes(rate))/s  \(Format.duration(seconds: left)) left"
  }
}
