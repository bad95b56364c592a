internal import Glibc
internal import SlotCore
public import SystemPackage

/// What a service tells systemd of itself: sd_notify(3).
public enum ServiceNotification: Sendable {
  case ready
  /// One line for `systemctl status`.
  case status(String)
  /// The time-out of the start or stop that is going on begins anew with so many seconds.
  case extendTimeout(seconds: Int)

  fileprivate var assignment: String {
    switch self {
    case .ready: "READY=1"
    case .status(let text): "STATUS=\(ReasonText.line(text))"
    case .extendTimeout(let seconds): "EXTEND_TIMEOUT_USEC=\(seconds)000000"
    }
  }
}

/// systemd, where it runs this service and this machine. Without it every call does nothing.
public struct ServiceManager: Sendable {
  /// What came of handing over the watchdog.
  public enum HandOver: Equatable, Sendable {
    case done
    /// This machine is not run by systemd.
    case noServiceManager
    case failed(reason: String)
  }

  private static let sendTimeoutSeconds = 5
  private static let reloadTimeoutSeconds = 60
  static let listTimeoutSeconds = 10

  private let notifySocket: String?
  private let runtimeDirectory: FilePath
  let systemctl: String

  /// - Parameters:
  ///   - notifySocket: the value of `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
  ///   - runtimeDirectory: `system` in it says that systemd is PID 1, as sd_booted(3) has it.
  ///   - systemctl: found in PATH.
  public init(
    notifySocket: String? = ServiceManager.ownNotifySocket,
    runtimeDirectory: FilePath = "/run/systemd", systemctl: String = "systemctl"
  ) {
    self.notifySocket = notifySocket
    self.runtimeDirectory = runtimeDirectory
    self.systemctl = systemctl
  }

  /// What systemd set for this process.
  public static var ownNotifySocket: String? {
    getenv("NOTIFY_SOCKET").map { String(cString: $0) }
  }

  /// sd_booted(3).
  var isRunning: Bool { Files.exists(runtimeDirectory.appending("system")) }

  // MARK: - sd_notify

  /// Sends all of them in one datagram. False when nobody listens.
  @discardableResult
  public func notify(_ notifications: ServiceNotification...) -> Bool {
    guard let notifySocket else { return false }
    let message = Array(notifications.map(\.assignment).joined(separator: "\n").utf8)
    // A manager that hangs must not hold up the boot that is being judged.
    return DatagramSocket.send(
      message, to: notifySocket, timeoutSeconds: ServiceManager.sendTimeoutSeconds)
  }

  // MARK: - The watchdog

  /// Makes systemd open and feed the hardware watchdog until the next boot: a setting below `/run`
  /// (systemd-system.conf(5)) and a reload.
  ///
  /// - Parameter release: lets go of the device, or systemd finds it busy. Called last before the reload, and not at all
  ///   where there will be none.
  public func handWatchdogToSystemd(
    seconds: Int, cancellation: Cancellation = Cancellation(), release: () -> Void = {}
  ) -> HandOver {
    guard isRunning else { return .noServiceManager }
    let directory = runtimeDirectory.appending("system.conf.d")
    do {
      try Files.makeDirectory(directory)
      try Files.replace(
        directory.appending("50-krux-watchdog.conf"),
        with: Array("[Manager]\nRuntimeWatchdogSec=\(seconds)s\n".utf8))
    } catch {
      return .failed(reason: ReasonText.line("cannot write below \(directory): \(error)"))
    }
    release()
    let (ending, output) = BoundedProgram.run(
      [systemctl, "daemon-reload"], timeoutSeconds: ServiceManager.reloadTimeoutSeconds,
      cancellation: cancellation)
    guard ending != .exited(status: 0) else { return .done }
    let words = String(decoding: output, as: UTF8.self)
    return .failed(reason: ReasonText.line("'\(systemctl) daemon-reload' failed: \(words)"))
  }

  // MARK: - Units

  /// The names of the units that failed, or are missing what they need: systemctl(1). Empty when it cannot say.
  public func failedUnits(cancellation: Cancellation = Cancellation()) -> [String] {
    let (ending, output) = BoundedProgram.run(
      [systemctl, "--failed", "--plain", "--no-legend", "--no-pager"],
      timeoutSeconds: ServiceManager.listTimeoutSeconds, cancellation: cancellation)
    guard ending == .exited(status: 0) else { return [] }
    return String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline)
      .compactMap { $0.split(separator: " ").first }.map { ReasonText.line(String($0), limit: 64) }
  }
}
