/// Why the ledger cannot be used.
public enum LedgerCode: String, FailureCode {
  public static var domain: FailureDomain { .ledger }

  case damaged
  case ioFailed = "io_failed"
  case noSpace = "no_space"
}

public typealias LedgerFailure = Failure<LedgerCode>

/// What a transition has to know of the outside world.
public struct LedgerContext: Equatable, Sendable {
  public let now: Timestamp
  /// `/proc/sys/kernel/random/boot_id` of the running system.
  public let bootID: String

  public init(now: Timestamp, bootID: String) {
    self.now = now
    self.bootID = bootID
  }
}

/// An image that automatic updates skip.
public struct KnownBad: Equatable, Sendable {
  public let imageDigest: Digest
  public let version: String
  public let reason: String
  public let at: Timestamp
}

/// The project's record on the data partition: what each slot holds, how it got there, how it ended.
///
/// Boot control says what boots; the ledger says what it means. Losing it costs history, never a boot.
public struct Ledger: Equatable, Sendable {
  public static let maximumKnownBad = 32

  /// Rises with every write.
  public internal(set) var generation: Int64 = 0
  public internal(set) var slots: [SlotName: SlotRecord] = [:]
  public internal(set) var knownBad: [KnownBad] = []
  /// The lowest sequence that may be installed, raised by confirmed releases only.
  public internal(set) var floor: Int64 = 0
  public internal(set) var history = History()
  /// The document that this was read from: what is not known here is kept when it is written again.
  var document: JSONValue = .object([JSONMember]())

  public init() {}

  public subscript(slot: SlotName) -> SlotRecord? { slots[slot] }

  /// The image that `slot` holds. Nil while an install is recorded: until that has disarmed the slot, it may
  /// still boot what it held before, which must neither be blamed nor praised for the new image.
  public func image(in slot: SlotName) -> ImageIdentity? {
    slots[slot].flatMap { $0.state == .writing ? nil : $0.image }
  }

  public func isKnownBad(_ image: Digest) -> KnownBad? {
    knownBad.first { $0.imageDigest == image }
  }
}

// MARK: - Transitions

extension Ledger {
  /// A factory wrote `image` into `slot`, and checked it.
  public mutating func provision(
    _ slot: SlotName, _ image: ImageIdentity, _ context: LedgerContext
  ) {
    slots[slot] = SlotRecord(
      image: image, state: .confirmed, since: context.now, everConfirmed: true)
    raiseFloor(image)
    history.append(.provisioned, slot: slot, version: image.version, context: context)
  }

  /// An install of `image` into `slot` begins. Carrying on with the same image keeps the one entry.
  public mutating func beginInstall(
    _ slot: SlotName, _ image: ImageIdentity, _ context: LedgerContext
  ) {
    let carriesOn = slots[slot]?.state == .writing && slots[slot]?.image == image
    slots[slot] = SlotRecord(image: image, state: .writing, since: context.now)
    if !carriesOn {
      history.append(.installStarted, slot: slot, version: image.version, context: context)
    }
  }

  /// `slot` holds all of `image`, read back, and the next write switches to it.
  public mutating func stage(
    _ slot: SlotName, _ image: ImageIdentity, _ context: LedgerContext
  ) {
    let before = slots[slot].flatMap { $0.image.imageDigest == image.imageDigest ? $0 : nil }
    slots[slot] = SlotRecord(
      image: image, state: .staged, since: context.now, stagedBoot: context.bootID,
      everConfirmed: before?.everConfirmed ?? false, inconclusive: before?.inconclusive)
    history.append(.staged, slot: slot, version: image.version, context: context)
  }

  /// What was staged in `slot` is called off.
  public mutating func cancel(_ slot: SlotName, _ context: LedgerContext) {
    guard slots[slot] != nil else { return }
    let version = image(in: slot)?.version ?? "unknown"
    if slots[slot]?.state == .writing {
      forget(slot)
    } else {
      _ = change(slot, to: .cancelled, context)
    }
    history.append(.cancelled, slot: slot, version: version, context: context)
  }

  /// The boot of `slot` is healthy.
  public mutating func confirm(_ slot: SlotName, by detail: String?, _ context: LedgerContext) {
    guard let record = slots[slot], record.state != .confirmed else { return }
    guard record.state != .writing else {
      forget(slot)
      return
    }
    _ = change(slot, to: .confirmed, context)
    slots[slot]?.everConfirmed = true
    slots[slot]?.failure = nil
    slots[slot]?.evidence = []
    slots[slot]?.inconclusive = nil
    knownBad.removeAll { $0.imageDigest == record.image.imageDigest }
    raiseFloor(record.image)
    history.append(
      .confirmed, slot: slot, version: record.image.version, detail: detail, context: context)
  }

  /// The trial of `slot` ended badly, for `reason`, which rests on `evidence`.
  public mutating func fail(
    _ slot: SlotName, reason: String, evidence: [String] = [], _ context: LedgerContext
  ) {
    guard let record = slots[slot] else {
      history.append(.failed, slot: slot, version: "unknown", detail: reason, context: context)
      return
    }
    guard record.state != .failed else { return }
    guard record.state != .writing else {
      forget(slot)
      return
    }
    _ = change(slot, to: .failed, context)
    slots[slot]?.failure = reason
    slots[slot]?.evidence = evidence
    knownBad.removeAll { $0.imageDigest == record.image.imageDigest }
    knownBad.append(
      KnownBad(
        imageDigest: record.image.imageDigest, version: record.image.version, reason: reason,
        at: context.now))
    knownBad.removeFirst(max(0, knownBad.count - Ledger.maximumKnownBad))
    history.append(
      .failed, slot: slot, version: record.image.version, detail: reason, context: context)
  }

  /// The one try of `slot` ended without a trace of why. The image is not blamed the first time, and may be
  /// staged once more.
  public mutating func leaveOpen(_ slot: SlotName, _ end: TrialEnd, _ context: LedgerContext) {
    guard let record = slots[slot], record.inconclusive == nil else {
      fail(slot, reason: end.reason, evidence: end.evidence, context)
      return
    }
    guard record.state == .staged, change(slot, to: .cancelled, context) else { return }
    slots[slot]?.inconclusive = end.reason
    history.append(
      .inconclusive, slot: slot, version: record.image.version, detail: end.reason,
      context: context)
  }

  /// The bootloader went on from `slot`, which was confirmed, to the other one. Said once, not at every boot.
  public mutating func failOver(from slot: SlotName, reason: String, _ context: LedgerContext) {
    let last = history.entries.last { $0.event != HistoryEntry.Event.unhealthy.rawValue }
    if last?.event == HistoryEntry.Event.failedOver.rawValue, last?.slot == slot.rawValue { return }
    history.append(
      .failedOver, slot: slot, version: slots[slot]?.image.version ?? "unknown", detail: reason,
      context: context)
  }

  /// A boot of `slot`, which is not on trial, was not healthy.
  public mutating func reportUnhealthy(
    _ slot: SlotName, reason: String, _ context: LedgerContext
  ) {
    history.append(
      .unhealthy, slot: slot, version: slots[slot]?.image.version ?? "unknown", detail: reason,
      context: context)
  }

  /// An operator goes from `slot` back to the other one, which is staged for it.
  public mutating func rollBack(from slot: SlotName, _ context: LedgerContext) {
    guard let target = slots[slot.other] else { return }
    let from = slots[slot]?.image.version ?? "unknown"
    stage(slot.other, target.image, context)
    slots[slot.other]?.everConfirmed = target.everConfirmed
    history.append(
      .rolledBack, slot: slot.other, version: target.image.version, detail: "from \(from)",
      context: context)
  }

  /// Something that `slot` needs to boot was put right.
  public mutating func repaired(_ slot: SlotName, detail: String, _ context: LedgerContext) {
    history.append(
      .repaired, slot: slot, version: slots[slot]?.image.version ?? "unknown", detail: detail,
      context: context)
  }

  /// `slot` holds something else than its record says: what it held before an install that never got as far.
  private mutating func forget(_ slot: SlotName) {
    slots[slot] = nil
    document = document.merging([
      "slots": document["slots"]?.merging([slot.rawValue: nil])
    ])
  }

  private mutating func change(
    _ slot: SlotName, to state: SlotState, _ context: LedgerContext
  ) -> Bool {
    guard slots[slot] != nil else { return false }
    slots[slot]?.state = state
    slots[slot]?.since = context.now
    return true
  }

  private mutating func raiseFloor(_ image: ImageIdentity) {
    floor = max(floor, image.floor ?? 0)
  }
}
