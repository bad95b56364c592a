internal import SlotCore

extension TrialTraces {
  /// What this machine kept of a trial that was staged `since`: a record of a panic from before is another's.
  static func collect(since: Timestamp) -> TrialTraces {
    let evidence = BootEvidence.collect()
    return TrialTraces(
      watchdogReset: evidence.watchdogReset,
      panic: evidence.panic.flatMap { $0.at >= since ? $0.line : nil })
  }
}
