internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Auto: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show, switch on or switch off automatic updates.",
    discussion: """
      A timer starts 'krux-update auto check' often; the settings say whether anything is due then. What an \
      operator chooses is kept across reboots and updates, and is stronger than [auto] of update.toml.

      EXAMPLES:
        krux-update auto
        krux-update auto on --window "Mon-Fri 02:00-04:00" --time-zone Europe/Berlin --reboot
        krux-update auto on --interval 1d --download
        krux-update auto off
      """,
    subcommands: [AutoShow.self, AutoOn.self, AutoOff.self, AutoCheck.self],
    defaultSubcommand: AutoShow.self)
}

struct AutoShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show the settings, the next check, and why an update waits.",
    discussion: """
      Asks nobody and changes nothing.

      EXAMPLES:
        krux-update auto show
        krux-update auto --json
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let updater = try common.updater()
    let status = try updater.autoStatus()
    let check = updater.lastCheck
    guard !common.json else { return Report.line(status.json(check).compact) }
    for line in status.settings.lines + status.lines(check) { Report.line(line) }
  }
}

struct AutoOff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "off",
    abstract: "Switch automatic updates off.",
    discussion: """
      What is staged stays so. The other settings are kept for the next 'krux-update auto on'.

      EXAMPLES:
        krux-update auto off
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let updater = try common.writingUpdater(to: .releases)
    _ = try updater.chooseAuto { $0.isEnabled = false }
    guard common.json else { return Report.line("Automatic updates are off.") }
    Report.line(try updater.autoStatus().json(updater.lastCheck).compact)
  }
}
