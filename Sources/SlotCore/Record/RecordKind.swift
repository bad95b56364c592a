extension RecordEvent {
  /// What happened. The names are stable; those of another version are kept as they are.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    // Slots: what the ledger's history has.
    public static let provisioned = Kind(rawValue: "provisioned")
    public static let installStarted = Kind(rawValue: "install-started")
    public static let staged = Kind(rawValue: "staged")
    public static let cancelled = Kind(rawValue: "cancelled")
    public static let confirmed = Kind(rawValue: "confirmed")
    /// A trial ended badly by itself: by `krux-health`, or by the bootloader, found out afterwards.
    public static let fellBack = Kind(rawValue: "fell-back")
    /// A trial ended badly by hand.
    public static let rejected = Kind(rawValue: "rejected")
    public static let rolledBack = Kind(rawValue: "rolled-back")
    public static let repaired = Kind(rawValue: "repaired")
    public static let inconclusive = Kind(rawValue: "inconclusive")
    public static let failedOver = Kind(rawValue: "failed-over")
    public static let unhealthy = Kind(rawValue: "unhealthy")

    // What did not come about.
    /// The bundle or the feed is sound, or no proof of anything, and not for here and now.
    public static let refused = Kind(rawValue: "refused")
    /// What is signed was altered, or is older than what was known already.
    public static let tampering = Kind(rawValue: "tampering")
    /// A source, a disk or a file did not do what it should.
    public static let failed = Kind(rawValue: "failed")
    public static let interrupted = Kind(rawValue: "interrupted")

    // The feed, and automatic updates.
    public static let checked = Kind(rawValue: "checked")
    public static let checkFailed = Kind(rawValue: "check-failed")
    /// An operator chose a channel or a pin.
    public static let channelChanged = Kind(rawValue: "channel-changed")
    public static let pinned = Kind(rawValue: "pinned")
    public static let unpinned = Kind(rawValue: "unpinned")
    public static let automaticOn = Kind(rawValue: "automatic-on")
    public static let automaticOff = Kind(rawValue: "automatic-off")
    /// There is an update, and a policy that holds it back, named in the reason.
    public static let waiting = Kind(rawValue: "waiting")
    public static let downloaded = Kind(rawValue: "downloaded")
    public static let rebooting = Kind(rawValue: "rebooting")

    // Services.
    public static let serviceUpdated = Kind(rawValue: "service-updated")
    /// The new tree was not healthy, and the one before it is back.
    public static let servicePutBack = Kind(rawValue: "service-put-back")
    public static let serviceRolledBack = Kind(rawValue: "service-rolled-back")
    public static let servicePurged = Kind(rawValue: "service-purged")

    /// All that this version knows.
    public static let known: [Kind] = [
      .provisioned, .installStarted, .staged, .cancelled, .confirmed, .fellBack, .rejected,
      .rolledBack, .repaired, .inconclusive, .failedOver, .unhealthy, .refused, .tampering,
      .failed, .interrupted, .checked, .checkFailed, .channelChanged, .pinned, .unpinned,
      .automaticOn, .automaticOff, .waiting, .downloaded, .rebooting, .serviceUpdated,
      .servicePutBack, .serviceRolledBack, .servicePurged,
    ]

    /// What an event of this kind has unless somebody knows better.
    public var priority: Priority {
      switch self {
      case .tampering: .critical
      case .fellBack, .failedOver, .unhealthy, .failed, .servicePutBack: .error
      case .inconclusive, .rejected, .repaired, .refused, .checkFailed: .warning
      case .installStarted, .checked, .waiting, .downloaded, .servicePurged: .info
      default: .notice
      }
    }

    /// The `MESSAGE_ID` of the journal: 32 hexadecimal digits. A UUID of version 8 (RFC 9562) over the name, so
    /// that it is as stable as that is, and a new kind needs no table.
    public var messageID: String {
      var bytes = Array(Digest(of: Array("krux-update event \(rawValue)".utf8)).bytes.prefix(16))
      bytes[6] = bytes[6] & 0x0F | 0x80
      bytes[8] = bytes[8] & 0x3F | 0x80
      return Hex.encode(bytes)
    }
  }
}
