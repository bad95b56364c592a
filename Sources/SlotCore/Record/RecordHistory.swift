extension RecordEvent {
  /// What the record says of an entry of the ledger's history.
  ///
  /// - Parameters:
  ///   - ledger: as it is after the entry: what it says of the slot is said here too.
  ///   - isRejected: a person ended the trial that the entry tells of.
  public init(_ entry: HistoryEntry, in ledger: Ledger, isRejected: Bool = false) {
    let slot = SlotName(rawValue: entry.slot)
    let image = slot.flatMap { ledger[$0]?.image }
    let isOfImage = image?.version == entry.version
    self.init(
      RecordEvent.kind(of: entry, isRejected: isRejected), slot: slot, version: entry.version,
      sequence: isOfImage ? image?.sequence : nil,
      imageDigest: isOfImage ? image?.imageDigest : nil, reason: entry.detail)
  }

  private static func kind(of entry: HistoryEntry, isRejected: Bool) -> Kind {
    guard let event = HistoryEntry.Event(rawValue: entry.event) else {
      return Kind(rawValue: entry.event)
    }
    return switch event {
    case .provisioned: .provisioned
    case .installStarted: .installStarted
    case .staged: .staged
    case .cancelled: .cancelled
    case .confirmed: .confirmed
    case .failed: isRejected ? .rejected : .fellBack
    case .rolledBack: .rolledBack
    case .repaired: .repaired
    case .inconclusive: .inconclusive
    case .failedOver: .failedOver
    case .unhealthy: .unhealthy
    }
  }
}

extension History {
  /// The entries that came after number `number`.
  public func entries(after number: Int64) -> ArraySlice<HistoryEntry> {
    entries[(entries.lastIndex { $0.number <= number }.map { $0 + 1 } ?? 0)...]
  }

  /// The number of the newest entry, 0 without one.
  public var lastNumber: Int64 { entries.last?.number ?? 0 }
}
