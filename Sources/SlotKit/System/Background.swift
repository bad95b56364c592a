internal import CLinux
public import Logging
internal import SlotCore

/// Lets long work go on behind everything else that runs on the machine.
public enum Background {
  /// Lowers the priority of the calling thread, and so of all that it starts, for good; from now on long work that
  /// looks at `cancellation` between its steps waits there for others, and takes no more threads than it needs.
  ///
  /// What the system has not is gone without: an update matters more than how quietly it is made.
  public static func begin(
    _ settings: BackgroundSettings, _ cancellation: Cancellation, _ logger: Logger
  ) {
    cancellation.workAlone()
    if klinux_raise_nice(Int32(settings.nice)) != 0 {
      logger.debug("the processor's priority stays as it is")
    }
    if !lower(settings.diskPriority) { logger.debug("the disk's priority stays as it is") }
    guard settings.pressureLimitPercent < 100 else { return }
    guard var others = OtherGroups(), !others.reading().isEmpty else {
      logger.debug("no pressure of other programs is known, so nothing is slowed down for it")
      return
    }
    cancellation.follow(Pace(limitPercent: settings.pressureLimitPercent, others))
  }

  private static func lower(_ priority: BackgroundSettings.DiskPriority) -> Bool {
    switch priority {
    case .normal: true
    case .lowest: klinux_io_priority_lowest() == 0
    case .idle: klinux_io_priority_idle() == 0
    }
  }
}
