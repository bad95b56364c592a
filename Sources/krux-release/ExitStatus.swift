internal import SlotCore

/// The exit status of each domain of errors, after `sysexits.h`.
enum ExitStatus {
  static func of(_ domain: FailureDomain) -> Int32 {
    switch domain {
    case .configuration: 64
    case .bundle: 65
    case .source: 66
    case .output: 73
    case .trust: 77
    case .policy, .slot, .bootControl, .ledger, .lock, .permission, .cancelled: 1
    }
  }
}
