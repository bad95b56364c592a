/// How far automatic updates go by themselves, each step with those before it.
public enum AutoStep: String, CaseIterable, Comparable, Sendable {
  /// Ask the feed, and say what there is.
  case check
  /// Write the release into the target slot and prove it, without making it next to boot.
  case download
  /// Make it next to boot.
  case apply
  case reboot

  public static func < (left: AutoStep, right: AutoStep) -> Bool {
    (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
  }
}

/// What automatic updates are to do, and when.
public struct AutoSettings: Equatable, Sendable {
  /// Seconds.
  public static let intervals: ClosedRange<Int64> = 900...30 * 86_400
  public static let jitters: ClosedRange<Int64> = 0...86_400

  public var isEnabled = false
  public var step = AutoStep.apply
  /// Seconds between two checks.
  public var interval: Int64 = 6 * 3600
  /// Seconds, up to which each wait is made longer by chance, so that a fleet does not ask at once.
  public var jitter: Int64 = 1800
  /// When an update may be made next to boot, and when it may be booted. None: always.
  public var windows: [MaintenanceWindow] = []
  /// The zone of the windows, as a name of /usr/share/zoneinfo; nil for the system's.
  public var timeZone: String?
  public var waitsOnMetered = true
  public var waitsOnBattery = true

  public init() {}
}

/// What an operator chose of them. Kept on the data partition; what is nil is as the image has it.
public struct AutoChoice: Equatable, Sendable {
  private static let type = "krux-auto"
  public static let byteLimit = 64 << 10

  public var isEnabled: Bool?
  public var step: AutoStep?
  public var interval: Int64?
  public var windows: [MaintenanceWindow]?
  /// Empty: the system's, whatever the image says.
  public var timeZone: String?
  /// The document as it was read: members of later versions are kept.
  private var document: JSONValue = .object([JSONMember]())

  public init() {}

  public func applied(to settings: AutoSettings) -> AutoSettings {
    var settings = settings
    settings.isEnabled = isEnabled ?? settings.isEnabled
    settings.step = step ?? settings.step
    settings.interval = interval ?? settings.interval
    settings.windows = windows ?? settings.windows
    if let timeZone { settings.timeZone = timeZone.isEmpty ? nil : timeZone }
    return settings
  }

  public var encoded: [UInt8] {
    let json = document.merging([
      "type": .string(AutoChoice.type), "format": .integer(1),
      "enabled": isEnabled.map { .bool($0) }, "step": (step?.rawValue).json,
      "intervalSeconds": interval.map { .integer($0) },
      "windows": windows.map { .strings($0.map(\.description)) }, "timeZone": timeZone.json,
    ])
    return Array(json.pretty.utf8)
  }

  /// - Throws: `damagedChoice`: what was switched off must not come on again by accident.
  public init(decoding bytes: [UInt8]) throws(AutoFailure) {
    let limits = JSONLimits(byteCount: AutoChoice.byteLimit, depth: 8, valueCount: 1000)
    do { document = try JSONParser.parse(bytes, limits: limits) } catch {
      throw AutoChoice.damaged("\(error)")
    }
    guard document["type"]?.stringValue == AutoChoice.type else {
      throw AutoChoice.damaged("no settings")
    }
    let fields = JSONFields<AutoCode>(document) { AutoChoice.damaged("\($0) is wrong") }
    func isThere(_ name: String) -> Bool { document[name] != nil }
    if isThere("enabled") {
      guard let value = document["enabled"]?.boolValue else { throw fields.malformed("enabled") }
      isEnabled = value
    }
    if isThere("step") {
      guard let step = document["step"]?.stringValue.flatMap(AutoStep.init(rawValue:)) else {
        throw fields.malformed("step")
      }
      self.step = step
    }
    if isThere("intervalSeconds") {
      interval = try fields.integer("intervalSeconds", in: AutoSettings.intervals)
    }
    if isThere("windows") {
      let texts = try fields.strings("windows", maximum: MaintenanceWindow.maximumCount)
      var windows: [MaintenanceWindow] = []
      for text in texts { windows.append(try MaintenanceWindow(text)) }
      self.windows = windows
    }
    if isThere("timeZone") {
      guard let zone = document["timeZone"]?.stringValue, zone.isEmpty || ZoneName.isValid(zone)
      else { throw fields.malformed("timeZone") }
      timeZone = zone
    }
  }

  private static func damaged(_ what: String) -> AutoFailure {
    AutoFailure(
      .damagedChoice, "the settings of automatic updates are damaged: \(what.printable)",
      hint: "choose again: 'krux-update auto on' or 'krux-update auto off'")
  }
}

/// Names of time zones: `Europe/Berlin`. They become part of a path.
public enum ZoneName {
  public static func isValid(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return (1...64).contains(name.utf8.count)
      && parts.allSatisfy { part in
        Name.isValid(String(part)) && part != "." && part != ".."
      }
  }
}
