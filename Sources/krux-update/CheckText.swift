internal import SlotCore
internal import SlotKit

extension FeedCheck {
  var isUpdateWaiting: Bool {
    if case .available = choice.offer { true } else { false }
  }

  /// What `check` prints.
  var lines: [String] {
    var lines = ["Current version: \(version ?? "unknown")"]
    if let withdrawal = choice.runningWithdrawn?.withdrawal {
      lines.append("The running version was withdrawn: \(withdrawal.reason.printable)")
    }
    guard let release = shown else { return lines + [ending] }
    let size = Format.bytes(release.bundleLength)
    let day = release.released.description.prefix(10)
    lines.append("Latest version:  \(release.version) (\(channel), released \(day), \(size))")
    if release.severity == .critical || release.severity == .important {
      lines.append("Severity:        \(release.severity.rawValue)")
    }
    if !release.notes.isEmpty {
      lines += ["", "Changes in \(release.version):"]
      lines += release.notes.map { "  - \($0.printable)" }
    }
    return lines + ["", ending]
  }

  /// The newest, or the one that the pin leads to.
  private var shown: Release? {
    if case .available(let release, towards: nil) = choice.offer { return release }
    return choice.newest
  }

  private var ending: String {
    switch choice.offer {
    case .upToDate: "This is the newest version for this device on channel \(channel)."
    case .available(let release, let towards?):
      "\(towards.version) cannot be installed from here. Run 'krux update apply' to install"
        + " \(release.version) first."
    case .available(let release, nil) where release.sequence < sequence ?? 0:
      "Run 'krux update apply --allow-downgrade' to go back to \(release.version)."
    case .available: "Run 'krux update apply' to install."
    case .later(let release, let time):
      "\(release.version) is available to this device \(wait(until: time))."
        + " 'krux update apply --now' goes ahead."
    case .held(let release, let hold): reason(release?.version ?? "an update", hold)
    }
  }

  private func reason(_ version: String, _ hold: ReleaseChoice.Hold) -> String {
    "\(hold.reason(version).capitalizedFirst). \(hold.advice(version).capitalizedFirst)."
  }

  /// `in about 2 days`, `in about 5 hours`, `within the hour`
  private func wait(until time: Timestamp) -> String {
    let hours = (max(0, time.seconds - now.seconds) + 1800) / 3600
    if hours == 0 { return "within the hour" }
    let (count, unit) = hours < 48 ? (hours, "hour") : ((hours + 12) / 24, "day")
    return "in about \(count) \(unit)\(count == 1 ? "" : "s")"
  }

  /// The object of `check --json`, as docs/operators.md lists it.
  var json: JSONValue {
    .object([
      "type": .string("check"), "format": .integer(1), "channel": .string(channel),
      "version": version.json, "sequence": sequence.map { .integer($0) }, "pin": pin.json,
      "offer": .string(choice.offer.word), "offeredVersion": (offered?.version).json,
      "availableAt": availableAt.map { .string($0.description) },
      "reason": (offered == nil ? ending : nil).json,
      "latest": choice.newest?.summary, "withdrawn": (withdrawnReason).json,
      "reachable": .bool(unreachable == nil),
      "unreachableSince": unreachableSince.map { .string($0.description) },
      "feedIssued": .string(issued.description), "warnings": .strings(warnings),
    ])
  }

  private var withdrawnReason: String? { choice.runningWithdrawn?.withdrawal?.reason }

  private var offered: Release? {
    if case .available(let release, _) = choice.offer { release } else { nil }
  }

  private var availableAt: Timestamp? {
    if case .later(_, let time) = choice.offer { time } else { nil }
  }
}

extension Release {
  fileprivate var summary: JSONValue {
    .object([
      "version": .string(version), "sequence": .integer(sequence),
      "released": .string(released.description), "severity": .string(severity.rawValue),
      "bytes": .integer(Int64(bundleLength)), "notes": .strings(notes),
    ])
  }
}
