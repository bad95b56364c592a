public import SlotCore

/// The exit statuses of this project's commands, after sysexits(3) where it has one. Documented in
/// docs/operators.md; scripts may rely on them.
public enum ExitStatus {
  public static let success: Int32 = 0
  public static let unexpected: Int32 = 1
  /// Of `check`, as `dnf check-update` has it.
  public static let updateWaiting: Int32 = 100

  public static func of(_ domain: FailureDomain) -> Int32 {
    switch domain {
    case .usage: 64
    case .bundle: 65
    case .source: 66
    case .health: 69
    case .system: 72
    case .output: 73
    case .slot: 74
    case .lock: 75
    case .trust: 76
    case .permission: 77
    case .configuration: 78
    case .mode: 79
    case .policy: 80
    case .bootControl: 81
    case .ledger: 82
    case .feed: 83
    case .service: 84
    case .cancelled: 130
    }
  }
}
