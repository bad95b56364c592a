/// Why the bootloader's variables cannot be used.
public enum BootControlCode: String, FailureCode {
  public static var domain: FailureDomain { .bootControl }

  case missing
  case damaged
  case full
  /// A write of a state in which no slot is bootable was asked for.
  case nothingBootable = "nothing_bootable"
  case ioFailed = "io_failed"
}

public typealias BootControlFailure = Failure<BootControlCode>

/// What the bootloader knows of one slot.
public struct SlotBootState: Equatable, Hashable, Sendable {
  public var bootable: Bool
  /// Boots since the tries were last given back.
  public var triesMade: Int

  public init(bootable: Bool, triesMade: Int) {
    self.bootable = bootable
    self.triesMade = triesMade
  }
}

/// The bootloader's own variables, whatever the bootloader: what boots next, and what if that fails.
///
/// Steps are methods that return the state after them; each is carried out as one write of the environment
/// (docs/boot.md has the table).
public struct BootControl: Equatable, Hashable, Sendable {
  public static let defaultTries = 3
  /// The counter is one decimal digit.
  public static let triesRange = 1...9

  /// The slot that is tried first; the other one follows.
  public var first: SlotName
  public var a: SlotBootState
  public var b: SlotBootState
  /// The slot that was staged and that nobody has confirmed yet.
  public var trial: SlotName?
  /// How many boots a slot gets before the other one is tried.
  public var tries: Int
  /// The image that failed last, or that is on trial: it counts as bad until it is confirmed, so that a release
  /// that takes the ledger with it cannot start a loop.
  public var lastBad: Digest?
  /// What the system on trial had to say last: why it fell back, or that it started. It stands here and not
  /// in the ledger alone because a release that cannot mount the data partition has a reason too.
  /// The slot that survives accounts for it, and clears it.
  public var reason: String?

  public init(
    first: SlotName, a: SlotBootState, b: SlotBootState, trial: SlotName? = nil,
    tries: Int = BootControl.defaultTries, lastBad: Digest? = nil, reason: String? = nil
  ) {
    self.first = first
    self.a = a
    self.b = b
    self.trial = trial
    self.tries = tries
    self.lastBad = lastBad
    self.reason = reason
  }

  /// Bytes of a reason: it stands in the one sector of the environment.
  public static let reasonLength = 120

  /// `reason` as every environment can hold it: printable ASCII without backslashes, not empty, cut.
  public static func bounded(reason: String) -> String {
    var text = reason.unicodeScalars.map { scalar in
      (" "..."~").contains(scalar) && scalar != "\\" ? Character(scalar) : "?"
    }
    text = Array(text.drop { $0 == " " }.prefix(reasonLength))
    while text.last == " " { text.removeLast() }
    return text.isEmpty ? "unknown" : String(text)
  }

  /// The `reason` of a trial that has started and has not ended.
  public static let startedReason = "started"

  /// What boot scripts assume when their environment cannot be read: both bootable, all tries left.
  public static let scriptDefaults = BootControl(
    first: .a, a: SlotBootState(bootable: true, triesMade: 0),
    b: SlotBootState(bootable: true, triesMade: 0))

  public subscript(slot: SlotName) -> SlotBootState {
    get { slot == .a ? a : b }
    set { if slot == .a { a = newValue } else { b = newValue } }
  }

  public func triesLeft(_ slot: SlotName) -> Int { max(0, tries - self[slot].triesMade) }

  public var hasBootableSlot: Bool { a.bootable || b.bootable }
}

// MARK: - Steps

extension BootControl {
  private func giving(tries slot: SlotName, first: SlotName, trial: SlotName?) -> BootControl {
    var next = self
    next.first = first
    next[slot] = SlotBootState(bootable: true, triesMade: 0)
    next.trial = trial
    next.reason = nil
    return next
  }

  /// Before the target slot is written: it must not boot, and the booted one must.
  public func disarmed(booted: SlotName) -> BootControl {
    var next = giving(tries: booted, first: booted, trial: nil)
    next[booted.other].bootable = false
    return next
  }

  /// The commit: `target`, which holds `image`, boots next, on trial, with all its tries; so has the other slot for
  /// the way back.
  public func switched(to target: SlotName, image: Digest) -> BootControl {
    var next = giving(tries: target, first: target, trial: target)
    next.lastBad = image
    // The slot that runs now is the way back, even where somebody booted it by hand.
    next[target.other] = SlotBootState(bootable: true, triesMade: 0)
    return next
  }

  /// The system on trial has come up as far as `krux-health`.
  public func started() -> BootControl {
    var next = self
    next.reason = BootControl.startedReason
    return next
  }

  /// The booted slot is healthy; `image`, which it runs, is no longer remembered as bad. Nor is the one that was on
  /// trial in it, where nothing else says what that is.
  public func confirmed(booted: SlotName, image: Digest?) -> BootControl {
    var next = self
    if trial == booted { next.lastBad = nil }
    next[booted] = SlotBootState(bootable: true, triesMade: 0)
    next.trial = nil
    next.reason = nil
    if image != nil, next.lastBad == image { next.lastBad = nil }
    return next
  }

  /// The booted slot is not, for `reason`: the other one boots next.
  public func fallenBack(from failed: SlotName, image: Digest?, reason: String) -> BootControl {
    var next = accounted(booted: failed.other, failed: failed, image: image)
    next.reason = BootControl.bounded(reason: reason)
    return next
  }

  /// After a return: the surviving slot first, the failed one not bootable. Without `image` the one that was on
  /// trial stays remembered.
  public func accounted(booted: SlotName, failed: SlotName, image: Digest?) -> BootControl {
    var next = giving(tries: booted, first: booted, trial: nil)
    next[failed].bootable = false
    next.lastBad = image ?? lastBad
    return next
  }

  /// The same after a trial that proved nothing: its image is not remembered.
  public func leftOpen(booted: SlotName, tried: SlotName) -> BootControl {
    var next = accounted(booted: booted, failed: tried, image: nil)
    next.lastBad = nil
    return next
  }

  /// After an operator's cancellation of what was staged and not booted yet. A version that ran well before
  /// stays bootable, as what the booted slot falls over to.
  public func cancelled(booted: SlotName, otherIsGood: Bool) -> BootControl {
    var next = disarmed(booted: booted)
    next[booted.other].bootable = otherIsGood
    next.lastBad = nil
    return next
  }
}
