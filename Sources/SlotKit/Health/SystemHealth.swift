internal import CLinux
internal import Glibc
public import SlotCore
internal import Synchronization
public import SystemPackage

/// The effects of `HealthRun` on the machine that this runs on.
public final class SystemHealth: HealthEffects {
  /// Folders of check scripts and hooks: what the image brings, and what was put on this device.
  public static let folders: [FilePath] = ["/usr/lib/krux", "/etc/krux"]
  /// For the writes and the reboot after the last round.
  private static let watchdogGrace: Int64 = 30_000
  /// What the usual way of rebooting gets before the kernel is asked.
  private static let rebootPatience: Int64 = 60_000
  private static let syncPatience: Int64 = 5000
  /// What a shutdown may take after the last feeding: systemd's own default for one unit, and some.
  private static let shutdownSeconds = 180

  private let updater: Updater
  private let settings: HealthSettings
  private let manager: ServiceManager
  private let folders: [FilePath]
  private let watchdog: (any Watchdog)?
  private let watchdogWarnings: [String]
  private let feeder = Mutex<WatchdogFeeder?>(nil)
  private let usesWatchdog: Bool
  private let hasHandedOver = Atomic<Bool>(false)

  /// Opens the watchdog, which is armed from then on.
  ///
  /// - Parameter usesWatchdog: false for a single check, and on a folder that plays a device.
  public init(
    _ updater: Updater, usesWatchdog: Bool, folders: [FilePath]? = nil,
    manager: ServiceManager = ServiceManager()
  ) {
    self.updater = updater
    self.manager = manager
    settings = updater.configuration.health
    self.folders = folders ?? updater.layout.folder.map { [$0] } ?? SystemHealth.folders
    self.usesWatchdog = usesWatchdog && updater.layout.folder == nil
    guard self.usesWatchdog else {
      watchdog = nil
      watchdogWarnings = []
      return
    }
    let device = FilePath(settings.watchdogDevice)
    switch HardwareWatchdog.open(device, timeoutSeconds: settings.watchdogTimeoutSeconds) {
    case .opened(let opened):
      watchdog = opened
      watchdogWarnings =
        opened.stopsWhenReleased
        ? ["the watchdog \(device) stops when krux-health ends, however it ends"] : []
    case .none:
      watchdog = nil
      watchdogWarnings = ["there is no watchdog at \(device): a system that hangs stays so"]
    case .unavailable(let reason):
      watchdog = nil
      watchdogWarnings = [reason]
    }
  }

  public func now() -> Int64 { BootClock.now() }

  public func sleep(until time: Int64) throws(CancellationFailure) {
    // A wait may end early; the reboot by force after this one must not.
    while now() < time { try updater.cancellation.sleep(milliseconds: time - now()) }
    try updater.cancellation.check()
  }

  // MARK: - Checks

  public func check(isTrial: Bool) -> CheckResult {
    if let mount = updater.layout.dataMount, !Mounts.isMountPoint(mount) {
      return .unhealthy(reason: "the data partition is not mounted at \(mount)")
    }
    if !settings.url.isEmpty {
      let probe = HTTPProbe(url: settings.url, timeoutSeconds: settings.requestTimeoutSeconds)
      let result = probe.probe().result(of: SystemHealth.name(of: settings.url))
      if result != .healthy { return result }
    }
    for outcome in run("health.d/required", isTrial) {
      if case .unhealthy(let reason) = outcome.result {
        return .unhealthy(reason: "required check \(reason)")
      }
    }
    return .healthy
  }

  /// What an address is called in a reason: its path.
  static func name(of url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return url }
    let rest = url[scheme.upperBound...]
    return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? url
  }

  private func scripts(_ folder: String) -> CheckScripts {
    CheckScripts(directories: folders.map { $0.appending(folder) })
  }

  private func run(_ folder: String, _ isTrial: Bool) -> [CheckScripts.Outcome] {
    let environment = [
      "KRUX_SLOT": updater.booted.rawValue, "KRUX_TRIAL": isTrial ? "1" : "0",
      "KRUX_VERSION": updater.identity.version ?? "unknown",
    ]
    return scripts(folder).run(
      environment: environment, timeoutSeconds: settings.checkTimeoutSeconds,
      cancellation: updater.cancellation)
  }

  private func complaints(_ what: String, _ folder: String, isTrial: Bool) -> [String] {
    run(folder, isTrial).compactMap { outcome in
      guard case .unhealthy(let reason) = outcome.result else { return nil }
      return "\(what) \(reason)"
    }
  }

  public func wantedComplaints(isTrial: Bool) -> [String] {
    complaints("wanted check", "health.d/wanted", isTrial: isTrial)
  }

  public func runConfirmHooks(endedTrial: Bool) -> [String] {
    complaints("hook", "confirm.d", isTrial: endedTrial)
  }

  // MARK: - Watchdog

  public func feedWatchdog(until deadline: Int64) {
    for warning in watchdogWarnings { say("warning: \(warning)") }
    guard let watchdog else { return }
    let scripts = folders.map { Files.names(in: $0.appending("health.d/required")).count }
    // A script that does not die by its signal is waited for a little longer.
    let script = settings.checkTimeoutSeconds + 2
    let round = settings.requestTimeoutSeconds + script * scripts.reduce(0, +)
    let end = deadline + Int64(round) * 1000 + SystemHealth.watchdogGrace
    feeder.withLock { $0 = WatchdogFeeder(watchdog, until: end) }
  }

  public func handWatchdogOver() -> [String] {
    let stopped = feeder.withLock { $0.take() }?.stop()
    if let watchdog, stopped != nil { return hand(watchdog, FilePath(settings.watchdogDevice)) }
    // What the initrd armed is fed by nobody where the configured device is another, or busy.
    guard usesWatchdog, stopped == nil, !hasHandedOver.exchange(true, ordering: .relaxed),
      case .opened(let armed) = HardwareWatchdog.open(
        timeoutSeconds: settings.watchdogTimeoutSeconds)
    else { return [] }
    return hand(armed, HardwareWatchdog.defaultPath)
  }

  /// After a verdict nothing may hang on a watchdog that nobody feeds: systemd has it, or it is stopped.
  private func hand(_ watchdog: any Watchdog, _ device: FilePath) -> [String] {
    hasHandedOver.store(true, ordering: .relaxed)
    watchdog.feed()
    var isReleased = false
    let result = manager.handWatchdogToSystemd(
      seconds: watchdog.timeoutSeconds, cancellation: updater.cancellation
    ) {
      watchdog.release()
      isReleased = true
    }
    var warnings: [String] = []
    if case .failed(let reason) = result { warnings.append(reason) }
    if !isReleased {
      watchdog.disarm()
      return warnings + ["the watchdog was stopped: systemd cannot take it over"]
    }
    switch HardwareWatchdog.open(device, timeoutSeconds: settings.watchdogTimeoutSeconds) {
    case .opened(let left):
      left.disarm()
      return warnings + ["the watchdog was stopped: systemd did not take \(device)"]
    case .none, .unavailable: return warnings
    }
  }

  /// The system is shutting down before there is a verdict: what stops slowly gets its time, and what hangs ends.
  public func leaveWatchdogForShutdown() {
    guard let stopped = feeder.withLock({ $0.take() }), stopped.stop() else { return }
    (watchdog as? HardwareWatchdog)?.extend(toSeconds: SystemHealth.shutdownSeconds)
  }

  /// For a machine of which nothing is known: systemd takes the watchdog, so that nothing is decided by it.
  public static func handWatchdogOverUnwatched() {
    let settings = HealthSettings()
    guard
      case .opened(let armed) = HardwareWatchdog.open(
        timeoutSeconds: settings.watchdogTimeoutSeconds)
    else { return }
    let result = ServiceManager().handWatchdogToSystemd(seconds: armed.timeoutSeconds) {
      armed.release()
    }
    if result == .noServiceManager { armed.disarm() }
  }

  /// Why the system ended in `emergency.target`: the data partition, another mount that is missing, or the units that
  /// failed. A mount whose device never came is not among those for systemd.
  public func emergencyReason() -> String {
    if let mount = updater.layout.dataMount, !Mounts.isMountPoint(mount) {
      return "The data partition did not mount at \(mount)"
    }
    let what = "The boot ended in emergency.target"
    let missing = Mounts.missingMountPoints()
    guard missing.isEmpty else {
      return "\(what): nothing is mounted at \(missing.map(\.string).joined(separator: ", "))"
    }
    let units = manager.failedUnits()
    return units.isEmpty ? what : "\(what): \(units.joined(separator: ", ")) failed"
  }

  // MARK: - Words and the end

  public func say(_ line: String) {
    manager.notify(.status(line))
    _ = try? FileDescriptor.standardError.writeAll("\(line.printable)\n".utf8)
  }

  public func sayBesideRecord(_ line: String) {
    let journal = Journal(socket: updater.layout.journalSocket)
    guard journal.hasStandardError else { return say(line) }
    manager.notify(.status(line))
  }

  public func reboot() {
    let updater = updater
    let wasAsked =
      Threads.bounded(milliseconds: SystemHealth.rebootPatience) { [self] in
        do { try updater.reboot() } catch { say("warning: \(error)") }
        return true
      } ?? false
    guard updater.layout.folder == nil else { return }
    // systemd ends this process on its way down; where it does not, the kernel is asked.
    if wasAsked { try? sleep(until: now() + SystemHealth.rebootPatience) }
    guard updater.cancellation.signalNumber == nil else {
      leaveWatchdogForShutdown()
      return
    }
    say("the reboot did not come about; asking the kernel")
    _ = Threads.bounded(milliseconds: SystemHealth.syncPatience) { sync() }
    _ = klinux_reboot()
  }
}
