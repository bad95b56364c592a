/// One thing that happened to a slot.
public struct HistoryEntry: Equatable, Sendable {
  public enum Event: String, Sendable {
    case provisioned
    case installStarted = "install-started"
    case staged
    case cancelled
    case confirmed
    case failed
    case rolledBack = "rolled-back"
    case repaired
    /// The one try of a trial ended without a trace of why.
    case inconclusive
    /// The bootloader went on to the other slot from one that had been confirmed.
    case failedOver = "failed-over"
    /// A boot without a trial was not healthy.
    case unhealthy
  }

  public let number: Int64
  public let at: Timestamp
  public let boot: String
  /// An `Event`, or the word of another version of this program.
  public let event: String
  public let slot: String
  public let version: String
  public let detail: String?
  /// BLAKE2b-256 over the chain value before this entry and this entry without it.
  public let chain: Digest

  var unchained: JSONValue {
    .object([
      "number": .integer(number), "at": .string(at.description), "boot": .string(boot),
      "event": .string(event), "slot": .string(slot), "version": .string(version),
      "detail": detail.json,
    ])
  }
}

/// The last things that happened, oldest first, chained so that accidents show. Not a defence against
/// root, who can write the whole chain again.
public struct History: Equatable, Sendable {
  public static let maximumCount = 200

  public private(set) var entries: [HistoryEntry] = []

  public init() {}

  public mutating func append(
    _ event: HistoryEntry.Event, slot: SlotName, version: String, detail: String? = nil,
    context: LedgerContext
  ) {
    let draft = HistoryEntry(
      number: (entries.last?.number ?? 0) &+ 1, at: context.now, boot: context.bootID,
      event: event.rawValue, slot: slot.rawValue, version: version, detail: detail,
      chain: Digest(of: []))
    entries.append(History.chained(draft, after: entries.last?.chain))
    entries.removeFirst(max(0, entries.count - History.maximumCount))
  }

  private static func chained(_ entry: HistoryEntry, after previous: Digest?) -> HistoryEntry {
    let text = Array(entry.unchained.compact.utf8)
    return HistoryEntry(
      number: entry.number, at: entry.at, boot: entry.boot, event: entry.event, slot: entry.slot,
      version: entry.version, detail: entry.detail,
      chain: Digest(of: (previous?.bytes ?? []) + text))
  }

  /// The number of the first entry that does not follow from the one before it. The oldest entry that
  /// is kept has nothing before it to be checked against, unless it is number 1.
  public var firstBrokenNumber: Int64? {
    for (index, entry) in entries.enumerated() {
      if index == 0, entry.number != 1 { continue }
      let previous = index == 0 ? nil : entries[index - 1].chain
      if History.chained(entry, after: previous).chain != entry.chain { return entry.number }
    }
    return nil
  }
}

extension History {
  var json: JSONValue {
    .array(entries.map { $0.unchained.merging(["chain": .string($0.chain.hex)]) })
  }

  /// Entries that do not read as such are left out: history is for people, and losing some of it must not
  /// cost the rest of the ledger.
  init(_ json: JSONValue?) {
    for item in json?.arrayValue?.suffix(History.maximumCount) ?? [] {
      guard let number = item["number"]?.integerValue, number > 0,
        let at = item["at"]?.stringValue.flatMap({ Timestamp($0) }),
        let chain = item["chain"]?.stringValue.flatMap(Digest.init(hex:))
      else { continue }
      entries.append(
        HistoryEntry(
          number: number, at: at, boot: item["boot"]?.stringValue ?? "",
          event: item["event"]?.stringValue ?? "", slot: item["slot"]?.stringValue ?? "",
          version: item["version"]?.stringValue ?? "", detail: item["detail"]?.stringValue,
          chain: chain))
    }
  }
}
