public import SlotCore

/// What long work is busy with.
public enum WorkPhase: String, Sendable {
  /// Reading the target slot for what is there already.
  case comparing
  /// Reading the booted slot for blocks that the image has too.
  case searching
  /// Fetching and writing.
  case writing
  /// Reading back.
  case verifying
}

/// What an install tells while it goes on. Delivered in order, on the calling thread.
public enum InstallEvent {
  /// Something that the operator should know and nothing is refused for.
  case warning(String)
  /// The signature is good; nothing has been written.
  case verified(OpenedBundle, target: SlotLocation)
  case planned(InstallPlan)
  /// The target slot can no longer be booted; writing begins.
  case disarmed
  /// Bytes of the phase, and bytes that travelled so far.
  case progress(WorkPhase, done: UInt64, total: UInt64, fetched: UInt64)
  /// Every write has been made: bytes that went to the target, and bytes that travelled.
  case written(UInt64, fetched: UInt64)
  case switched
}

public typealias InstallObserver = (InstallEvent) -> Void
