internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct AutoOn: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "on",
    abstract: "Switch automatic updates on, and say what they do and when.",
    discussion: """
      What is not said stays as it was. Windows are for making an update next to boot and for rebooting; \
      checks and downloads are made at any time.

      EXAMPLES:
        krux-update auto on
        krux-update auto on --interval 1d --no-reboot
        krux-update auto on --reboot --window "Mon-Fri 02:00-04:00" --window "Sat,Sun 22:00-06:00"
        krux-update auto on --window any --time-zone system
      """)

  @Option(
    help: ArgumentHelp("How often the feed is asked: 15m to 30d.", valueName: "time"),
    transform: AutoOn.interval)
  var interval: Int64?

  @Option(
    help: ArgumentHelp(
      "When an update may take effect; may be given again. 'any' for no window.",
      valueName: "window"))
  var window: [String] = []

  @Option(
    help: ArgumentHelp(
      "The time zone of the windows, as Europe/Berlin; 'system' for the device's own.",
      valueName: "zone"))
  var timeZone: String?

  @Flag(help: "Only ask the feed.")
  var checkOnly = false

  @Flag(help: "Ask, and write into the inactive slot, without making it next to boot.")
  var download = false

  @Flag(help: "Ask, write, and make it next to boot.")
  var apply = false

  @Flag(
    inversion: .prefixedNo, exclusivity: .exclusive,
    help: "Reboot too, or leave the reboot to others.")
  var reboot: Bool?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard [checkOnly, download, apply].count(where: { $0 }) < 2 else {
      throw ValidationError("--check-only, --download and --apply exclude each other")
    }
    guard reboot != true || !checkOnly && !download else {
      throw ValidationError("--reboot has no use where nothing is made next to boot")
    }
    do { _ = try windows() } catch let failure as AutoFailure {
      throw ValidationError(failure.message)
    }
  }

  func run() throws {
    let updater = try common.writingUpdater()
    let windows = try windows()
    let zone = timeZone.map { $0 == "system" ? "" : $0 }
    if let zone, !zone.isEmpty { _ = try ZoneFiles.rules(zone) }
    let before = try? updater.autoSettings()
    let settings = try updater.chooseAuto { choice in
      choice.isEnabled = true
      choice.interval = interval ?? choice.interval
      choice.windows = windows ?? choice.windows
      choice.timeZone = zone ?? choice.timeZone
      choice.step = step(before?.step) ?? choice.step
    }
    guard common.json else {
      for line in settings.lines { Report.line(line) }
      return
    }
    Report.line(try updater.autoStatus().json(updater.lastCheck).compact)
  }

  private func step(_ before: AutoStep?) -> AutoStep? {
    let last: AutoStep? = checkOnly ? .check : download ? .download : apply ? .apply : nil
    return switch reboot {
    case true?: .reboot
    case false?: last ?? min(before ?? .apply, .apply)
    case nil: last
    }
  }

  /// Nil where none is given.
  private func windows() throws -> [MaintenanceWindow]? {
    if window.isEmpty { return nil }
    if window == ["any"] { return [] }
    guard window.count <= MaintenanceWindow.maximumCount else {
      throw ValidationError("at most \(MaintenanceWindow.maximumCount) windows")
    }
    return try window.map { try MaintenanceWindow($0) }
  }

  private static func interval(_ text: String) throws -> Int64 {
    guard let seconds = DurationText.seconds(text, in: AutoSettings.intervals) else {
      throw ValidationError("'\(text.printable)' is no time from 15m to 30d, as 6h")
    }
    return seconds
  }
}
