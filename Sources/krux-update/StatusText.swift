internal import SlotCore
internal import SlotKit

extension UpdateStatus {
  static func row(_ label: String, _ value: String) -> String {
    label + ":" + String(repeating: " ", count: max(1, 13 - label.count)) + value
  }

  /// What `status` prints. The labels are stable.
  var lines: [String] {
    var lines = [
      UpdateStatus.row("Boot slot", "\(booted.name.rawValue) (\(booted.device))"),
      UpdateStatus.row("Version", version ?? "unknown"),
      UpdateStatus.row("Boot status", bootStatus),
    ]
    if assessment == .staged {
      let version = other.image?.version ?? "unknown"
      lines.append(UpdateStatus.row("Staged", "\(version) (\(other.device), activates on reboot)"))
    } else if let version = rollbackVersion {
      lines.append(
        UpdateStatus.row("Previous", "\(version) (\(other.device), available for rollback)"))
    }
    if let record = other.record, record.state == .writing, assessment != .staged {
      let (label, hint) =
        isDownloaded
        ? ("Downloaded", "not next to boot yet") : ("Incomplete", "apply it again")
      lines.append(
        UpdateStatus.row(label, "\(record.image.version) (\(other.device), \(hint))"))
    }
    if let reason = returned?.reason { lines.append("Rollback reason: \(reason.printable)") }
    if let reason = failedOver?.reason { lines.append("Fail-over reason: \(reason.printable)") }
    if let health, health.state == .unhealthy {
      lines.append(
        UpdateStatus.row("Health", "FAILED (\((health.reason ?? "unknown").printable))"))
    }
    return lines
  }

  private var bootStatus: String {
    if environmentError != nil { return "UNKNOWN (the boot environment cannot be read)" }
    if assessment == .trial {
      let rest =
        health?.secondsLeft.map { ", falls back in \(Format.duration(seconds: Int($0)))" } ?? ""
      return "TRIAL (not confirmed yet, \(booted.triesLeft) of \(tries) tries left\(rest))"
    }
    if assessment == .givenUp { return "REJECTED (the other slot boots next)" }
    if let failedOver { return "CONFIRMED (failed over from \(failedOver.version.printable))" }
    return returned.map { "CONFIRMED (rolled back from \($0.version.printable))" } ?? "CONFIRMED"
  }

  private var bootStatusWord: String {
    if environmentError != nil { return "unknown" }
    return switch assessment {
    case .trial: "trial"
    case .givenUp: "rejected"
    case .settled, .staged, .returned, .failedOver, .switchNeverHappened: "confirmed"
    }
  }

  private var nextBootSlot: SlotName? {
    if case .boot(let slot) = nextBoot { slot } else { nil }
  }

  /// What `--verbose` adds.
  var details: [String] {
    let next = nextBootSlot.map { "slot \($0.rawValue)" } ?? "the rescue entry"
    var lines = ["", UpdateStatus.row("Next boot", next)]
    for slot in [booted, other] {
      let state = slot.record?.state.rawValue ?? "unknown"
      let bootable = slot.bootable ? "bootable" : "not bootable"
      lines.append(
        UpdateStatus.row(
          "Slot \(slot.name.rawValue)",
          "\(slot.record?.image.version ?? "unknown"), \(state), \(bootable), \(slot.triesLeft) of"
            + " \(tries) tries left, image \(slot.record?.image.imageDigest.short ?? "unknown")"))
    }
    lines.append(UpdateStatus.row("Floor", "sequence \(floor)"))
    if let health {
      let reason = health.reason.map { " (\($0.printable))" } ?? ""
      lines.append(UpdateStatus.row("Health", "\(health.state.rawValue)\(reason)"))
      lines += health.complaints.map { "  \($0.printable)" }
    }
    if let evidence = other.record?.evidence, !evidence.isEmpty {
      lines.append("Evidence:")
      lines += evidence.map { "  \($0.printable)" }
    }
    for bad in knownBad {
      lines.append(
        UpdateStatus.row("Known bad", "\(bad.version.printable) (\(bad.reason.printable))"))
    }
    lines.append("History:")
    lines += history.suffix(10).map { entry in
      let detail = entry.detail.map { ": \($0.printable)" } ?? ""
      return "  \(entry.at) slot \(entry.slot.printable) \(entry.event.printable)"
        + " \(entry.version.printable)\(detail)"
    }
    return lines
  }

  /// The object of `status --json`, as docs/operators.md lists it.
  var json: JSONValue {
    .object([
      "type": .string("status"), "format": .integer(1),
      "bootedSlot": .string(booted.name.rawValue), "version": version.json,
      "bootStatus": .string(bootStatusWord),
      "rolledBackFrom": (returned?.version).json, "rollbackReason": (returned?.reason).json,
      "failedOverFrom": (failedOver?.version).json, "failOverReason": (failedOver?.reason).json,
      "health": health?.json,
      "stagedVersion": (assessment == .staged ? other.image?.version : nil).json,
      "downloadedVersion": (isDownloaded ? other.record?.image.version : nil).json,
      "rollbackVersion": (assessment == .staged ? nil : rollbackVersion).json,
      "nextBoot": .string(nextBootSlot?.rawValue ?? "rescue"),
      "tries": .integer(Int64(tries)), "floor": .integer(floor),
      "slots": .array([booted, other].map(\.json)),
      "knownBad": .array(
        knownBad.map {
          .object([
            "version": .string($0.version), "imageDigest": .string($0.imageDigest.hex),
            "reason": .string($0.reason), "at": .string($0.at.description),
          ])
        }),
      "warnings": .strings(warnings + [environmentError].compactMap { $0 }),
    ])
  }
}

extension HealthReport {
  fileprivate var json: JSONValue {
    .object([
      "state": .string(state.rawValue), "reason": reason.json,
      "complaints": .strings(complaints), "secondsLeft": secondsLeft.map { .integer($0) },
    ])
  }
}

extension UpdateStatus.Slot {
  fileprivate var json: JSONValue {
    .object([
      "slot": .string(name.rawValue), "device": .string(device), "bootable": .bool(bootable),
      "triesLeft": .integer(Int64(triesLeft)), "state": (record?.state.rawValue).json,
      "version": (record?.image.version).json,
      "sequence": record.map { .integer($0.image.sequence) },
      "imageDigest": (record?.image.imageDigest.hex).json, "failure": (record?.failure).json,
      "evidence": record.flatMap { $0.evidence.isEmpty ? nil : .strings($0.evidence) },
    ])
  }
}
