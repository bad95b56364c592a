internal import SlotCore

/// The `[auto]` table of the configuration: what the image has automatic updates do.
extension AutoSettings {
  /// Whether `value` is a key of this table, and then its value is taken.
  mutating func set(
    _ value: TomlValue, _ reader: TomlReader
  ) throws(ConfigurationFailure) -> Bool {
    switch value.key {
    case "auto.enabled": isEnabled = try reader.boolean(value)
    case "auto.step":
      guard let step = AutoStep(rawValue: try reader.string(value)) else {
        throw reader.failure(
          .wrongValue, value, "has to be \"check\", \"download\", \"apply\" or \"reboot\"")
      }
      self.step = step
    case "auto.interval": interval = try reader.duration(value, in: AutoSettings.intervals)
    case "auto.jitter": jitter = try reader.duration(value, in: AutoSettings.jitters)
    case "auto.windows": windows = try reader.windows(value)
    case "auto.time-zone":
      let name = try reader.string(value)
      guard ZoneName.isValid(name) else {
        throw reader.failure(.wrongValue, value, "has to be a time zone, as \"Europe/Berlin\"")
      }
      timeZone = name
    case "auto.wait-on-metered": waitsOnMetered = try reader.boolean(value)
    case "auto.wait-on-battery": waitsOnBattery = try reader.boolean(value)
    default: return false
    }
    return true
  }
}

extension TomlReader {
  func boolean(_ value: TomlValue) throws(ConfigurationFailure) -> Bool {
    guard case .boolean(let flag) = value.content else {
      throw failure(.wrongType, value, "has to be true or false")
    }
    return flag
  }

  /// Seconds, of a string like `"6h"`.
  fileprivate func duration(
    _ value: TomlValue, in range: ClosedRange<Int64>
  ) throws(ConfigurationFailure) -> Int64 {
    guard let seconds = DurationText.seconds(try string(value), in: range) else {
      let (low, high) = (DurationText.text(range.lowerBound), DurationText.text(range.upperBound))
      throw failure(.wrongValue, value, "has to be from \"\(low)\" to \"\(high)\", as \"6h\"")
    }
    return seconds
  }

  fileprivate func windows(_ value: TomlValue) throws(ConfigurationFailure) -> [MaintenanceWindow] {
    let texts = try strings(value)
    guard texts.count <= MaintenanceWindow.maximumCount else {
      throw failure(
        .wrongValue, value, "has more than \(MaintenanceWindow.maximumCount) windows")
    }
    var windows: [MaintenanceWindow] = []
    for text in texts {
      do { windows.append(try MaintenanceWindow(text)) } catch {
        throw failure(.wrongValue, value, error.message)
      }
    }
    return windows
  }
}
