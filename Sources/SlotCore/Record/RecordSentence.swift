extension RecordEvent {
  /// One line for people, without a full stop.
  public var sentence: String {
    let what = headline
    guard let reason, !reason.isEmpty else { return what }
    return "\(what): \(reason.printable)"
  }

  /// `Version 1.0.1 in slot B`, as far as it is known.
  private var subject: String {
    let name = version.map { "version \($0.printable)" } ?? "an unknown version"
    if let service { return "\(name) of service \(service.printable)" }
    return slot.map { "\(name) in slot \($0.rawValue)" } ?? name
  }

  private var headline: String {
    switch kind {
    case .provisioned: "The factory wrote \(subject)"
    case .installStarted: "The install of \(subject) begins"
    case .staged: "Staged \(subject)"
    case .cancelled: "Called off \(subject)"
    case .confirmed: "Confirmed \(subject)"
    case .fellBack: "Fell back from \(subject)"
    case .rejected: "Rejected \(subject)"
    case .rolledBack: "Rolling back to \(subject)"
    case .repaired: "Repaired what slot \(slot?.rawValue ?? "?") needs to boot"
    case .inconclusive: "The trial of \(subject) left no trace of its end"
    case .failedOver: "The bootloader went on from \(subject)"
    case .unhealthy: "This boot of \(subject) is not healthy"
    case .tampering: "Tampering"
    case .interrupted: "Interrupted"
    case .checked: "Checked the feed"
    case .checkFailed: "The feed could not be checked"
    case .channelChanged: "Another channel is followed"
    case .pinned: "Pinned to \(subject)"
    case .unpinned: "Not pinned any more"
    case .automaticOn: "Automatic updates are on"
    case .automaticOff: "Automatic updates are off"
    case .waiting: "An update to \(subject) waits"
    case .downloaded: "Downloaded \(subject)"
    case .rebooting: "Rebooting"
    case .serviceUpdated: "Updated to \(subject)"
    case .servicePutBack: "Came back from \(subject)"
    case .serviceRolledBack: "Rolled back to \(subject)"
    case .servicePurged: "Purged \(subject)"
    default: version == nil ? titled : "\(titled) \(subject)"
    }
  }

  /// The kind as the first word of a sentence: `Refused`.
  private var titled: String { kind.rawValue.printable.capitalizedFirst }
}
