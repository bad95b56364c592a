internal import CLinux
internal import Glibc
public import SystemPackage

/// Something that resets the machine unless it is fed in time.
public protocol Watchdog: Sendable {
  /// How long the machine lives after `feed`.
  var timeoutSeconds: Int { get }
  /// Puts the reset off by the whole time-out.
  func feed()
  /// Lets go of the device, which stays armed, so that somebody else can take it over. The last call.
  func release()
  /// Stops the device and lets go of it. The last call.
  func disarm()
}

/// A watchdog of the kernel (Documentation/watchdog/watchdog-api.rst). It is armed from the moment it is opened,
/// and stays so when this process ends, however it ends.
public final class HardwareWatchdog: Watchdog {
  public enum Opening: Sendable {
    case opened(HardwareWatchdog)
    /// The machine has none.
    case none
    /// There is one, and somebody else holds it, or it does not work.
    case unavailable(reason: String)
  }

  public static let defaultPath: FilePath = "/dev/watchdog0"
  /// What is taken for the time-out of a driver that does not tell it: shorter than any in use.
  private static let unknownTimeoutSeconds = 4

  public let timeoutSeconds: Int
  /// The driver may stop the device when it is let go of: then nothing bites between `release` and the
  /// next holder.
  public let stopsWhenReleased: Bool
  private let device: FileDescriptor

  /// Opens, and by that arms and feeds it.
  ///
  /// - Parameter timeoutSeconds: what is asked for. The driver takes what it can; `HardwareWatchdog.timeoutSeconds`
  ///   tells what that is.
  public static func open(_ path: FilePath = defaultPath, timeoutSeconds: Int) -> Opening {
    do {
      // Closed on exec: a check script that held the device could keep its next holder out.
      let device = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
      return .opened(HardwareWatchdog(device, timeoutSeconds: timeoutSeconds))
    } catch {
      switch error as? Errno {
      // There is no node, or no driver behind it (ENODEV, ENXIO).
      case .noSuchFileOrDirectory, .operationNotSupportedByDevice, .noSuchAddressOrDevice:
        return .none
      case .resourceBusy: return .unavailable(reason: "\(path) is held by another process")
      default: return .unavailable(reason: "\(path) cannot be opened: \(error)")
      }
    }
  }

  private init(_ device: FileDescriptor, timeoutSeconds wanted: Int) {
    self.device = device
    var seconds = Int32(clamping: wanted)
    if klinux_watchdog_set_timeout(device.rawValue, &seconds) != 0 { seconds = 0 }
    var told: Int32 = 0
    if klinux_watchdog_get_timeout(device.rawValue, &told) == 0, told > 0 { seconds = told }
    timeoutSeconds = seconds > 0 ? Int(seconds) : HardwareWatchdog.unknownTimeoutSeconds
    stopsWhenReleased = klinux_watchdog_stops_at_close(device.rawValue) != 0
  }

  public func feed() {
    guard klinux_watchdog_keep_alive(device.rawValue) != 0 else { return }
    // A driver without WDIOC_KEEPALIVE is fed by any byte but `V`.
    _ = try? device.writeAll([0])
  }

  /// Asks for another time-out, for what has to be waited for without being fed. The driver takes what it can.
  public func extend(toSeconds seconds: Int) {
    var seconds = Int32(clamping: seconds)
    _ = klinux_watchdog_set_timeout(device.rawValue, &seconds)
    feed()
  }

  /// The `V` stops the device when it is closed, unless the driver was told never to stop (`nowayout`).
  public func disarm() {
    _ = try? device.writeAll([UInt8(ascii: "V")])
    try? device.close()
  }

  /// close(2) without the `V` before it, which would stop the device.
  public func release() { try? device.close() }
}
