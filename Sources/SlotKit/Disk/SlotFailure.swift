public import SlotCore
internal import SystemPackage

/// What can be wrong with slots and the devices that hold them.
public enum SlotCode: String, FailureCode {
  public static var domain: FailureDomain { .slot }

  case notFound = "not_found"
  case duplicate
  case bootedUnknown = "booted_unknown"
  case mounted
  case busy
  case tooSmall = "too_small"
  case isBooted = "is_booted"
  case openFailed = "open_failed"
  case readFailed = "read_failed"
  case writeFailed = "write_failed"
  case flushFailed = "flush_failed"
  /// What was read back is not what was written.
  case readBackMismatch = "read_back_mismatch"
  case rebootFailed = "reboot_failed"
}

public typealias SlotFailure = Failure<SlotCode>

extension Failure where Code == SlotCode {
  static let diskHint =
    "the running system is untouched; check the disk and the kernel log, then run the command again"

  static func io(
    _ code: SlotCode, _ verb: String, _ path: String, at offset: UInt64, _ error: Errno
  ) -> SlotFailure {
    SlotFailure(
      code, "cannot \(verb) \(path) at byte \(offset): \(error)", hint: diskHint,
      systemError: error.rawValue)
  }
}
