internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Install a bundle into the inactive slot and make it next to boot.",
    discussion: """
      Without a source, the newest release of the channel that this device may take. The bundle's signature is verified before anything is written. A broken connection, Ctrl-C or a \
      power cut leaves the running system bootable; the same command again carries on where it was.

      EXAMPLES:
        krux-update apply
        krux-update apply --version 1.0.0 --allow-downgrade
        krux-update apply http://updates.example/kruxos-1.0.1.krux
        krux-update apply --reboot /media/usb/kruxos-1.0.1.krux
        ssh build cat kruxos-1.0.1.krux | krux-update apply --no-reboot -
        krux-update apply --dry-run kruxos-1.0.1.krux
        krux-update apply --service-only gateway-1.0.2.krux
        krux-update apply --background --no-reboot http://updates.example/kruxos-1.0.1.krux
      """)

  @Argument(
    help: "A file, an http:// or https:// address, or - for standard input; none: from the feed.")
  var source: String?

  @Option(help: "Install this release of the channel.")
  var version: String?

  @Flag(help: "Go ahead of the release's rollout.")
  var now = false

  @Flag(help: "Say what would be fetched and written, and write nothing.")
  var dryRun = false

  @Flag(help: "Install the running version again, or one that failed on this device.")
  var force = false

  @Flag(help: "Install a version that is older than the running one.")
  var allowDowngrade = false

  @Flag(
    help:
      "Install the bundle's services and not its image: without a reboot, each put back if it is not healthy."
  )
  var serviceOnly = false

  @Flag(
    inversion: .prefixedNo,
    help: "With --service-only: restart the units of each service, and ask for its health.")
  var restart = true

  @Option(
    help: ArgumentHelp(
      "Fetch at most so many bytes a second; K, M or G may follow. 0 for no limit.",
      valueName: "bytes"),
    transform: Apply.rate)
  var limitRate: Int?

  @OptionGroup var background: BackgroundOptions
  @OptionGroup var reboot: RebootOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    guard !serviceOnly else { return try applyServices() }
    let cancellation = Cancellation()
    cancellation.watchSignals()
    var updater = try common.writingUpdater(cancellation, background, to: .install)
    if let limitRate { updater.configuration.limitRate = limitRate }
    var options = ApplyOptions()
    options.overrides = InstallOverrides(force: force, allowDowngrade: allowDowngrade)
    options.dryRun = dryRun
    guard let source = try source(updater, &options) else {
      say("This is the newest version for this device; nothing to do.")
      if common.json {
        Report.json(["event": .string("finished"), "outcome": .string("up-to-date")])
      }
      return
    }
    let report = ApplyReport(json: common.json, source: source)
    switch try updater.apply(source, options, observer: report.take) {
    case .planned(let plan): printPlan(plan)
    // Of automatic updates only: here nobody asks whether to switch.
    case .prepared: break
    case .alreadyRunning(let version):
      say("Version \(version) is already running; nothing to do.")
      report.finished("already-running", version: version)
    case .alreadyStaged(let version):
      say("Version \(version) is already staged; it will activate on reboot.")
      report.finished("already-staged", version: version)
      try reboot.carryOut(updater, json: common.json)
    case .staged(let version):
      say("\nUpdate staged. The new version will activate on reboot.")
      report.finished("staged", version: version)
      try reboot.carryOut(updater, json: common.json)
    }
  }

  func validate() throws {
    guard source == nil || version == nil && !now else {
      throw ValidationError("--version and --now are of the feed, and a source is given")
    }
    guard serviceOnly || restart else {
      throw ValidationError("--no-restart is of --service-only")
    }
    guard !serviceOnly || !dryRun else {
      throw ValidationError("--dry-run does not work with --service-only")
    }
    guard version == nil || !now else {
      throw ValidationError("--now has no use beside --version, which no rollout holds back")
    }
  }

  private func applyServices() throws {
    var options = ServiceApplyOptions()
    options.overrides = InstallOverrides(force: force, allowDowngrade: allowDowngrade)
    options.restart = restart
    var services = ApplyServices(
      common: common, background: background, options: options, limitRate: limitRate)
    try services.run(try source.map { try BundleSource($0) }, version: version, now: now)
  }

  /// Nil when the feed has nothing to install.
  private func source(_ updater: Updater, _ options: inout ApplyOptions) throws -> BundleSource? {
    if let source { return try BundleSource(source) }
    let request = version.map(FeedRequest.version) ?? .newest(now: now)
    guard let offer = try updater.offer(request) else { return nil }
    options.release = offer.release
    return offer.source
  }

  private static func rate(_ text: String) throws -> Int {
    guard let rate = Configuration.bytesPerSecond(text) else {
      throw ValidationError("'\(text.printable)' is no number of bytes, as 500000, 500K or 2M")
    }
    return rate
  }

  private func say(_ text: String) { if !common.json { Report.line(text) } }

  private func printPlan(_ plan: InstallPlan) {
    guard !common.json else { return }
    let saved = plan.savedBytes(fetched: plan.fetchBytes)
    let saving = saved > 0 ? " (\(Format.bytes(saved)) saved)" : ""
    Report.line("To fetch:     \(Format.bytes(plan.fetchBytes))\(saving)")
    Report.line("To write:     at most \(Format.bytes(plan.writeBytes))")
    Report.line("There already: \(Format.bytes(plan.keptBytes))")
    Report.line("Nothing was written (--dry-run).")
  }
}
