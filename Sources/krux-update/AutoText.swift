internal import SlotCore
internal import SlotKit

extension AutoSettings {
  /// What `auto on` prints, and `auto` begins with.
  var lines: [String] {
    guard isEnabled else { return ["Automatic updates are off."] }
    let what =
      switch step {
      case .check: "check"
      case .download: "check and download"
      case .apply: "check, download and apply"
      case .reboot: "check, download, apply and reboot"
      }
    let zone = timeZone ?? "the device's time zone"
    let open = windows.map(\.description).joined(separator: "; ")
    return [
      "Automatic updates are on: \(what), every \(DurationText.text(interval)).",
      UpdateStatus.row("Windows", windows.isEmpty ? "any time" : "\(open) (\(zone.printable))"),
    ]
  }
}

extension AutoStatus {
  /// What `auto` and `status` say; nothing where automatic updates are off.
  func lines(_ check: LastCheck?) -> [String] {
    let feed = [check?.unreachableLine].compactMap { $0 }
    guard settings.isEnabled else { return feed }
    return [UpdateStatus.row("Next check", zone.phrase(nextCheck))] + feed
      + [UpdateStatus.row("Automatic", sentence)]
  }

  private var sentence: String {
    switch decision {
    case .wait(let wait): wait.sentence(zone)
    case .check: "the feed is asked at the next turn of the timer"
    case .download(let release): "\(release.version) is downloaded at the next turn of the timer"
    case .apply(let release): "\(release.version) is applied at the next turn of the timer"
    case .reboot(let image):
      "the device reboots into \(image.version.printable) at the next turn of the timer"
    case .callOff(let image, let reason):
      "\(image.version.printable) was withdrawn and is called off: \(reason.printable)"
    }
  }

  /// The object of `auto --json`, and the member `auto` of `status --json`.
  func json(_ check: LastCheck?) -> JSONValue {
    let wait = if case .wait(let wait) = decision { wait } else { nil as AutoWait? }
    return .object([
      "type": .string("auto"), "format": .integer(1), "enabled": .bool(settings.isEnabled),
      "step": .string(settings.step.rawValue), "intervalSeconds": .integer(settings.interval),
      "windows": .strings(settings.windows.map(\.description)),
      "timeZone": settings.timeZone.json,
      "next": .string(word), "waiting": (wait?.code).json,
      "version": (wait?.version ?? decision.step?.version).json,
      "reason": .string(sentence), "until": wait?.until.map { .string($0.description) },
      "nextCheck": settings.isEnabled ? .string(nextCheck.description) : nil,
      "feedUnreachableSince": (check?.unreachableSince?.description).json,
    ])
  }

  private var word: String {
    switch decision {
    case .check: "check"
    case .download: "download"
    case .apply: "apply"
    case .reboot: "reboot"
    case .callOff: "call-off"
    case .wait: "wait"
    }
  }
}

extension LastCheck {
  /// Where the feed was not reached.
  fileprivate var unreachableLine: String? {
    unreachableSince.map { since in
      let why = reason.map { " (\($0.printable))" } ?? ""
      return UpdateStatus.row("Feed", "cannot be reached since \(since)\(why)")
    }
  }
}

extension TimeZoneRules {
  /// `2026-11-02 02:00 (Europe/Berlin)`
  fileprivate func phrase(_ time: Timestamp) -> String { "\(text(time)) (\(name))" }
}

extension AutoRun.Report {
  /// What `auto check` prints.
  var lines: [String] {
    let done = steps.map { step in
      switch step {
      case .checked: "Asked the feed."
      case .downloaded(let version): "\(version) is in the inactive slot, whole."
      case .applied(let version): "\(version) is staged and will activate on reboot."
      case .calledOff(let version, let reason):
        "\(version) is called off, as it was withdrawn: \(reason.printable)"
      case .rebooting(let version): "Rebooting into \(version)."
      }
    }
    guard let wait else { return done }
    return done + ["Waiting: \(wait.sentence(zone)).", "Next check: \(zone.phrase(nextCheck))"]
  }

  func json(_ check: LastCheck?) -> JSONValue {
    .object([
      "type": .string("auto-check"), "format": .integer(1), "did": .array(steps.map(\.json)),
      "waiting": (wait?.code).json, "version": (wait?.version).json,
      "reason": (wait?.sentence(zone)).json,
      "until": wait?.until.map { .string($0.description) },
      "nextCheck": .string(nextCheck.description),
      "feedUnreachableSince": (check?.unreachableSince?.description).json,
    ])
  }
}

extension AutoRun.Step {
  fileprivate var json: JSONValue {
    let (word, version): (String, String?) =
      switch self {
      case .checked: ("checked", nil)
      case .downloaded(let version): ("downloaded", version)
      case .applied(let version): ("applied", version)
      case .calledOff(let version, _): ("called-off", version)
      case .rebooting(let version): ("rebooting", version)
      }
    return .object(["step": .string(word), "version": version.json])
  }
}
