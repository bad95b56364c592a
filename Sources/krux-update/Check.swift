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

      EXIT STATUS:
        0    nothing to install now
        100  an update is waiting
        66   the feed cannot be reached
        83   the feed cannot be trusted
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    let check = try common.writingUpdater(cancellation).check()
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
