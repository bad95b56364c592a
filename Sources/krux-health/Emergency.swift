internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Emergency: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fall back if this boot is a trial. What krux-emergency.service starts.",
    discussion: """
      Run when the system ends in emergency.target or rescue.target: in a trial nobody is there to use the \
      shell. Without a trial it does nothing.
      """)

  @OptionGroup var options: HealthOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    let updater = try options.updater(cancellation)
    let effects = SystemHealth(updater, usesWatchdog: false)
    _ = try HealthRun(updater, effects).emergency { effects.emergencyReason() }
  }
}
