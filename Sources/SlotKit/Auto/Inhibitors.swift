internal import SlotCore
internal import SystemPackage

/// What speaks against a step of automatic updates now: a metered connection, a battery, and what the device's own
/// scripts say.
struct Inhibitors {
  let settings: AutoSettings
  /// Of the kernel: a folder for each supply.
  let powerSupplies: FilePath
  /// The last ones win.
  let scripts: [FilePath]
  let cancellation: Cancellation
  static let timeoutSeconds = 30

  /// A sentence each.
  func reasons(_ step: AutoStep, version: String) -> [String] {
    var reasons: [String] = []
    if settings.waitsOnMetered, step < .reboot, isMetered {
      reasons.append("the network connection is metered")
    }
    if settings.waitsOnBattery, isOnBattery { reasons.append("the device runs on battery") }
    return reasons + complaints(step, version)
  }

  // MARK: - Power

  /// As systemd's ConditionACPower= has it: no supply from outside is there, and a battery gives power.
  private var isOnBattery: Bool {
    var isDischarging = false
    for name in Files.names(in: powerSupplies) {
      func value(_ file: String) -> String? {
        Files.text(powerSupplies.appending(name).appending(file), limit: 4096)
      }
      // Of a mouse, say.
      if value("scope") == "Device" { continue }
      switch value("type") {
      case "Mains", "USB", "Wireless": if value("online") == "1" { return false }
      case "Battery", "UPS": isDischarging = isDischarging || value("status") == "Discharging"
      default: break
      }
    }
    return isDischarging
  }

  // MARK: - Network

  /// By NetworkManager, where it runs. Its `Metered` is 1 for yes, 2 for no, 3 and 4 for what it guesses.
  private var isMetered: Bool {
    let manager = "org.freedesktop.NetworkManager"
    let (ending, output) = BoundedProgram.run(
      [
        "busctl", "--system", "--auto-start=no", "get-property", manager,
        "/org/freedesktop/NetworkManager", manager, "Metered",
      ], timeoutSeconds: Inhibitors.timeoutSeconds, cancellation: cancellation)
    guard ending == .exited(status: 0) else { return false }
    let words = String(decoding: output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    return words == ["u", "1"] || words == ["u", "3"]
  }

  // MARK: - Scripts

  /// One that cannot be run, or takes too long, holds up as well: what it would have said is not known.
  private func complaints(_ step: AutoStep, _ version: String) -> [String] {
    let outcomes = CheckScripts(directories: scripts).run(
      environment: ["KRUX_STEP": step.rawValue, "KRUX_VERSION": version],
      timeoutSeconds: Inhibitors.timeoutSeconds, cancellation: cancellation)
    return outcomes.compactMap { outcome in
      guard case .unhealthy(let reason) = outcome.result else { return nil }
      return reason.replacing(
        "\(outcome.name) failed: ", with: "\(outcome.name): ", maxReplacements: 1)
    }
  }
}
