internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask the feed whether there is an update for this device.",
    discussion: """
      Installs nothing. Where the feed cannot be reached, what it said last is shown, and the exit status \
      is 66.

      EXAMPLES:
        krux-update check
        krux-update check --json
        krux-update check --nagios --warning-days 3 --critical-days 14

      EXIT STATUS:
        0    nothing to install now
        100  an update is waiting
        66   the feed cannot be reached
        83   the feed cannot be trusted
      """)

  @Option(help: "With --nagios: warn of an update that was released so many days ago.")
  var warningDays = 0

  @Option(help: "With --nagios: an update that was released so many days ago is critical.")
  var criticalDays: Int?

  @OptionGroup var monitoring: NagiosOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    let days = 0...36_500
    guard days.contains(warningDays), criticalDays.map(days.contains) ?? true else {
      throw ValidationError("days are a number from 0 to \(days.upperBound)")
    }
    guard monitoring.nagios || warningDays == 0 && criticalDays == nil else {
      throw ValidationError("--warning-days and --critical-days go with --nagios")
    }
  }

  private var limits: WaitingLimits {
    WaitingLimits(
      warning: Int64(warningDays) * 86_400, critical: criticalDays.map { Int64($0) * 86_400 })
  }

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    if monitoring.nagios {
      NagiosOptions.exit {
        try common.writingUpdater(cancellation, to: .releases).check().plugin(limits)
      }
    }
    let check = try common.writingUpdater(cancellation, to: .releases).check()
    if common.json {
      Report.line(check.json.compact)
    } else {
      for line in check.lines { Report.line(line) }
    }
    Report.warnings(check.warnings)
    if let failure = check.unreachable { Report.exit(failure) }
    if check.isUpdateWaiting { Glibc.exit(ExitStatus.updateWaiting) }
  }
}
