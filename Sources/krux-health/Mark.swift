internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Mark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Leave /run/krux/trial where this boot is a trial. What krux-trial.service starts.",
    discussion: """
      Services that migrate data start after it, and leave data as the version before can read it while the \
      file is there.
      """)

  @OptionGroup var options: HealthOptions

  func run() throws {
    let updater = try options.updater()
    let effects = SystemHealth(updater, usesWatchdog: false)
    Output.line(try HealthRun(updater, effects).mark() ? "trial" : "no trial")
  }
}
