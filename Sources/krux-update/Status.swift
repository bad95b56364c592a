internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the running version, what is staged, and what can be rolled back to.",
    discussion: """
      EXAMPLES:
        krux-update status
        krux-update status --verbose
        krux-update status --json
        krux-update status --nagios
      """)

  @OptionGroup var monitoring: NagiosOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    if monitoring.nagios { NagiosOptions.exit { try common.updater().status().plugin } }
    let mode = common.mode()
    if let mode, !mode.verdict.mayHaveSlots { return try report(mode) }
    let updater = try common.updater()
    let status = try updater.status()
    let (services, ofServices) = updater.serviceStatus()
    let check = updater.lastCheck
    var (auto, warnings) = (nil as AutoStatus?, (mode?.warnings ?? []) + status.warnings)
    // Settings that cannot be read keep nobody from seeing the rest, and of the device everything is said already.
    do { auto = try updater.autoStatus() } catch let failure as AutoFailure {
      warnings.append(failure.message)
    } catch {}
    if common.json {
      let more: KeyValuePairs<String, JSONValue?> = [
        "mode": (mode?.verdict.name).json, "services": .array(services.map(\.json)),
        "auto": auto?.json(check),
      ]
      Report.line(status.json.merging(more).compact)
    } else {
      let automatic = auto?.lines(check) ?? []
      let details = common.verbose ? status.details : []
      let middle = services.flatMap(\.lines) + automatic
      for line in (mode?.lines ?? []) + status.lines + middle + details { Report.line(line) }
    }
    Report.warnings(warnings + [status.environmentError].compactMap { $0 } + ofServices)
  }

  /// Without slots.
  private func report(_ mode: MachineMode) throws {
    let (services, warnings) = try common.services().status()
    if common.json {
      Report.line(mode.json(services).compact)
    } else {
      for line in mode.lines + services.flatMap(\.lines) { Report.line(line) }
    }
    Report.warnings(mode.warnings + warnings)
  }
}
