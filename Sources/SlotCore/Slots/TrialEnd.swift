/// What the survivor of a trial finds beside boot control: traces that hardware and kernel left.
public struct TrialTraces: Equatable, Sendable {
  /// The reset before this boot came from the hardware watchdog.
  public var watchdogReset: Bool
  /// The line with which the kernel of the trial panicked.
  public var panic: String?

  public init(watchdogReset: Bool = false, panic: String? = nil) {
    self.watchdogReset = watchdogReset
    self.panic = panic
  }
}

/// How a trial ended whose system did not end it itself: the bootloader went on to the other slot.
public struct TrialEnd: Equatable, Sendable {
  /// One sentence.
  public let reason: String
  /// What the sentence rests on.
  public let evidence: [String]
  /// Whether the image is to blame. A single try that left no trace may as well have been a power cut
  /// (docs/boot.md, rule 5).
  public let isConclusive: Bool

  public init(_ control: BootControl, of slot: SlotName, _ traces: TrialTraces = TrialTraces()) {
    let made = min(control[slot].triesMade, control.tries)
    let started = control.reason == BootControl.startedReason
    let tries = "\(made) of \(control.tries) tries used"
    // A bootloader goes on with tries left only where it could not load the slot.
    let notLoaded = made < control.tries
    let what =
      if let panic = traces.panic {
        "The kernel of the new version panicked (\(panic))"
      } else if traces.watchdogReset {
        "The hardware watchdog reset the new version before it was confirmed"
      } else if notLoaded {
        "The new version could not be loaded by the bootloader"
      } else if started {
        "The new version started and was cut off before it was confirmed"
      } else {
        "The new version did not come up"
      }
    reason = "\(what): \(tries)"
    evidence = [
      "boot control: slot \(slot.rawValue) on trial, \(tries)",
      started
        ? "krux-health ran in the trial and left no verdict"
        : "krux-health left no note in the trial",
      traces.watchdogReset
        ? "watchdog: the reset before this boot came from the hardware watchdog"
        : "watchdog: the reset before this boot did not come from it",
      traces.panic.map { "kernel: \($0)" } ?? "kernel: no record of a panic",
    ]
    isConclusive = control.tries > 1 || traces.watchdogReset || traces.panic != nil || notLoaded
  }
}
