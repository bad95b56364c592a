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
  private static let listTimeoutSeconds = 10

  private let notifySocket: String?
  private let runtimeDirectory: FilePath
  private let systemctl: String

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

  // MARK: - sd_notify

  /// Sends all of them in one datagram. False when nobody listens.
  @discardableResult
  public func notify(_ notifications: ServiceNotification...) -> Bool {
    guard let notifySocket, var address = ServiceManager.address(notifySocket) else { return false }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // A manager that hangs must not hold up the boot that is being judged.
    var limit = timeval(tv_sec: ServiceManager.sendTimeoutSeconds, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let message = Array(notifications.map(\.assignment).joined(separator: "\n").utf8)
    // An abstract name has no terminator: its length is that of the address.
    let nameOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    let length = socklen_t(nameOffset + notifySocket.utf8.count)
    let sent = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
    return sent == message.count
  }

  /// unix(7): a path, or an abstract name, which begins with a zero byte and is written with `@`.
  private static func address(_ name: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    guard bytes.count > 1, bytes.count < MemoryLayout.size(ofValue: address.sun_path),
      bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@")
    else { return nil }
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
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
    guard Files.exists(runtimeDirectory.appending("system")) else { return .noServiceManager }
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
