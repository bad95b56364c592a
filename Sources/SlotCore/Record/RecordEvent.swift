/// One thing that happened, as the record (journal and audit log) tells of it.
///
/// Of slots the ledger's history is the truth, and these are made from its entries. What only the record knows are
/// refusals, checks, and what happens to services.
public struct RecordEvent: Equatable, Sendable {
  /// Scalars of a reason; what is longer is cut, so that every event fits into one datagram and one write.
  public static let maximumReason = 2048

  public var kind: Kind
  public var priority: Priority
  public var slot: SlotName?
  public var version: String?
  public var sequence: Int64?
  public var imageDigest: Digest?
  /// What happened to a service, and not to a slot.
  public var service: String?
  /// One sentence, or the part of one that the kind leaves open.
  public var reason: String?
  /// `domain.code` of the error behind it, as in docs/operators.md.
  public var code: String?
  /// What an update moved, and how long it took.
  public var figures: UpdateFigures?
  /// The event says the same as the last of its kind: for the journal only, as a check that is made each hour
  /// must not push everything else out of the audit log.
  public var isRepetition = false

  /// - Parameter priority: nil for that of the kind.
  public init(
    _ kind: Kind, priority: Priority? = nil, slot: SlotName? = nil, version: String? = nil,
    sequence: Int64? = nil, imageDigest: Digest? = nil, service: String? = nil,
    reason: String? = nil, code: String? = nil, figures: UpdateFigures? = nil
  ) {
    self.kind = kind
    self.priority = priority ?? kind.priority
    self.slot = slot
    self.version = version
    self.sequence = sequence
    self.imageDigest = imageDigest
    self.service = service
    self.reason = reason.map { RecordEvent.bounded($0) }
    self.code = code
    self.figures = figures
  }

  static func bounded(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximumReason)))
  }
}

extension RecordEvent {
  /// The levels of syslog(3).
  public enum Priority: Int64, Sendable, Comparable {
    case critical = 2
    case error, warning, notice, info

    public static func < (left: Priority, right: Priority) -> Bool {
      left.rawValue < right.rawValue
    }
  }
}

/// What an update cost.
public struct UpdateFigures: Equatable, Sendable {
  /// Bytes that travelled.
  public var fetchedBytes: UInt64
  /// Bytes that did not have to, of those that a device fetches which has nothing of the image.
  public var savedBytes: UInt64
  /// Bytes that went to the slot, or into the tree of a service.
  public var writtenBytes: UInt64
  /// From the start of the command.
  public var milliseconds: Int64

  public init(
    fetchedBytes: UInt64, savedBytes: UInt64, writtenBytes: UInt64, milliseconds: Int64
  ) {
    self.fetchedBytes = fetchedBytes
    self.savedBytes = savedBytes
    self.writtenBytes = writtenBytes
    self.milliseconds = milliseconds
  }
}
