public import SlotCore
internal import SystemPackage

/// Automatic updates of a real device, or of a folder that plays one.
public struct DeviceAuto: AutoEffects {
  private let updater: Updater
  private let recorder: any Recorder
  private let observer: @Sendable (InstallEvent) -> Void

  public init(
    _ updater: Updater, recorder: (any Recorder)? = nil,
    observer: @escaping @Sendable (InstallEvent) -> Void = { _ in }
  ) {
    self.updater = updater
    self.recorder = recorder ?? updater.recorder
    self.observer = observer
  }

  public func now() -> AutoMoment {
    let context = updater.context
    return AutoMoment(wall: context.now, boot: context.bootID, uptime: BootClock.now())
  }

  public func isClockBehind() -> Bool { updater.feedClock.isBehind }

  /// - Throws: `BootControlFailure`, `LedgerFailure`: without either nothing is known of trials.
  public func device() throws -> AutoDevice {
    let (state, identity) = (try updater.readState(), updater.identity)
    let running = state.ledger.image(in: updater.booted)
    return AutoDevice(
      assessment: state.assessment, version: identity.version ?? running?.version,
      sequence: identity.sequence ?? running?.sequence, other: state.ledger[updater.booted.other])
  }

  public func schedule(_ settings: AutoSettings) -> Result<WindowSchedule, AutoFailure> {
    let folder = updater.layout.folder
    return Result { () throws(AutoFailure) in
      let zone = try ZoneFiles.rules(
        settings.timeZone, localTime: folder?.appending("localtime") ?? "/etc/localtime")
      return WindowSchedule(settings.windows, zone)
    }
  }

  public func chance(_ limit: Int64) -> Int64 { Int64.random(in: 0...max(0, limit)) }

  public func storedAnswer() -> AutoAnswer? { updater.storedAnswer }

  public func ask() throws -> AutoAnswer { try updater.freshAnswer() }

  public func inhibitors(
    _ step: AutoStep, version: String, _ settings: AutoSettings
  ) -> [String] {
    let folder = updater.layout.folder
    let inhibitors = Inhibitors(
      settings: settings,
      powerSupplies: folder?.appending("power_supply") ?? "/sys/class/power_supply",
      scripts: folder.map { [$0.appending("inhibit.d")] }
        ?? ["/usr/lib/krux/inhibit.d", "/etc/krux/inhibit.d"],
      cancellation: updater.cancellation)
    return inhibitors.reasons(step, version: version)
  }

  public func install(
    _ release: Release, maySwitch: @escaping @Sendable () throws -> Bool
  ) throws -> ApplyOutcome {
    let address = try FeedAddress(updater.configuration, updater.layout)
    var options = ApplyOptions()
    options.release = release
    options.maySwitch = maySwitch
    return try updater.apply(.url(address.bundle(release)), options, observer: observer)
  }

  public func callOff() throws {
    _ = try updater.rollback(force: false, observer: observer)
  }

  public func reboot() throws { try updater.reboot() }

  private var store: AutoStore { updater.autoStore }

  public func memory() -> AutoMemory { store.memory() }

  public func save(_ memory: AutoMemory) throws { try store.save(memory) }

  public func record(_ event: RecordEvent) { recorder.record(event) }
}
