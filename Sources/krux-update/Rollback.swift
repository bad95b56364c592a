internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Rollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go back to the version in the other slot, or call off what is staged.",
    discussion: """
      The other slot is read whole first, and boots on trial like any update. What is staged and was not \
      booted yet is called off instead.

      EXAMPLES:
        krux-update rollback
        krux-update rollback --reboot
        krux-update rollback --service gateway
      """)

  @Flag(help: "Roll back to a version that was never confirmed on this device.")
  var force = false

  @Option(
    help: ArgumentHelp(
      "Let this service run from the tree before, without a reboot.", valueName: "name"))
  var service: String?

  @Flag(
    inversion: .prefixedNo,
    help: "With --service: restart the service's units, and ask for its health.")
  var restart = true

  @OptionGroup var background: BackgroundOptions
  @OptionGroup var reboot: RebootOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    if let service { return try rollback(service: service, cancellation) }
    let updater = try common.writingUpdater(cancellation, background, to: .rollBack)
    let (bar, meter) = (ProgressBar(), ProgressMeter())
    let json = common.json
    let outcome = try updater.rollback(force: force) { event in
      switch event {
      case .warning(let text): Report.warnings([text])
      case .progress(let phase, let done, let total, _) where !json:
        bar.draw(meter.take(phase, done: done, total: total))
      default: break
      }
    }
    switch outcome {
    case .cancelled(let version):
      finished("cancelled", version)
      if !json { Report.line("The staged update to \(version) is called off.") }
    case .staged(let version):
      finished("staged", version)
      if !json { Report.line("Rollback to \(version) staged. It will activate on reboot.") }
      try reboot.carryOut(updater, json: json)
    }
  }

  func validate() throws {
    guard service != nil || restart else { throw ValidationError("--no-restart is of --service") }
    guard service == nil || !force else {
      throw ValidationError("--force is of a rollback to the other slot")
    }
  }

  private func rollback(service: String, _ cancellation: Cancellation) throws {
    let report = ServiceReport(json: common.json)
    let updater = try common.writingServices(cancellation, background)
    report.finished(
      try updater.rollback(service: service, restart: restart, observer: report.take))
  }

  private func finished(_ outcome: String, _ version: String) {
    guard common.json else { return }
    Report.json([
      "event": .string("finished"), "outcome": .string(outcome), "version": .string(version),
    ])
  }
}
