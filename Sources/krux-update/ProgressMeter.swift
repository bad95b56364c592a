internal import Glibc
internal import SlotCore
internal import SlotKit

/// Where a phase of work stands, for a person or a program.
struct PhaseProgress {
  let phase: WorkPhase
  let done: UInt64
  let total: UInt64
  /// Bytes that travelled since the command began.
  let fetched: UInt64
  /// Of the phase's bytes; nil in its first second.
  let bytesPerSecond: UInt64?
  /// Until the end of the phase, rounded up; nil in its first second.
  let secondsLeft: Int?
  /// Seconds on a clock that nobody sets.
  let time: Double

  /// Whole hundredths; 100 only when all is done.
  var percent: Int {
    guard done < total else { return 100 }
    let (product, isTooMuch) = done.multipliedReportingOverflow(by: 100)
    return Int(isTooMuch ? done / (total / 100) : product / total)
  }
}

/// Follows the phases of one command.
final class ProgressMeter {
  /// What the plan says has to travel.
  var bytesToFetch: UInt64 = 0
  private var phase: WorkPhase?
  private var estimate = ProgressEstimate()
  private var start = Double(0)

  func take(
    _ phase: WorkPhase, done: UInt64, total: UInt64, fetched: UInt64 = 0
  ) -> PhaseProgress {
    let now = ProgressMeter.now
    if self.phase != phase {
      self.phase = phase
      estimate = ProgressEstimate()
      start = now
    }
    estimate.update(
      done: done, total: total, fetched: fetched, toFetch: phase == .writing ? bytesToFetch : 0,
      at: now)
    let elapsed = now - start
    // At the end it is the rate of the whole phase that is of interest.
    let rate =
      done >= total && elapsed > 0.5 ? Double(total) / elapsed : estimate.bytesPerSecond
    return PhaseProgress(
      phase: phase, done: done, total: total, fetched: fetched,
      bytesPerSecond: rate.map { UInt64($0) },
      secondsLeft: estimate.secondsLeft.map { Int($0.rounded(.up)) }, time: now)
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
