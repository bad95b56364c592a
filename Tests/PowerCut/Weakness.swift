/// A defence taken out, to see the replay find what it prevents.
public enum Weakness: String, CaseIterable, Sendable {
  case noDisarm = "disarm before writing"
  case noInstallRecord = "ledger entry before disarm"
  case noClearedHead = "first 64 KiB cleared before writing"
  case noHeadFlush = "flush after the first 64 KiB were cleared"
  case headFirst = "first 64 KiB last"
  case noBodyFlush = "flush before the first 64 KiB"
  case noSlotFlush = "flush before the switch"
  case noReadBack = "read-back before the switch"
  case stagedAfterSwitch = "ledger before the switch"
  case torn = "one-block write of the environment"
  case noEnvironmentFlush = "flush of the environment"
  case noTrial = "trial in boot control"
  case noTriesForTheOldSlot = "full tries for the way back"
  case noReason = "reason in boot control"
  case noAccount = "account's write"
  case noTriesGivenBack = "tries given back on confirm"
  case ledgerInPlace = "ledger rename"
  case noLedgerFlush = "flush of the ledger before its rename"
  case noDirectoryFlush = "flush of the directory after the rename"
  case noLedgerDeadline = "deadline on the ledger"
}

extension Weakness {
  /// Part of what has to be found without it: no other violation proves the defence.
  public var expectedViolation: String {
    switch self {
    case .noDisarm: "is bootable and not whole"
    case .noEnvironmentFlush: "or one before what was saved"
    case .noInstallRecord, .noSlotFlush, .noReadBack: "the ledger says that slot"
    case .noClearedHead, .noHeadFlush, .headFirst, .noBodyFlush: "is half-written and would load"
    case .stagedAfterSwitch: "is on trial and the ledger says writing"
    case .torn: "the boot environment cannot be read"
    case .noTrial: "not confirmed"
    case .noTriesForTheOldSlot: "the way back has not all its tries"
    case .noReason: "has failed, and is not remembered"
    case .noAccount, .noTriesGivenBack: "boot control is not settled"
    case .ledgerInPlace, .noDirectoryFlush: "was reported as saved"
    case .noLedgerFlush: "the ledger is previous"
    case .noLedgerDeadline: "is good and is given up"
    }
  }

  /// What is found first with this defence taken out; nil when nothing is.
  public func firstViolation(in shop: ReleaseShop, seed: UInt64) throws -> String? {
    if self == .noReadBack {
      var disk = LyingDisk(shop)
      try disk.run(without: self)
      return disk.violations.first
    }
    if self == .noLedgerDeadline { return try HangingData(shop).violation(without: self) }
    var options = Replay.Options()
    options.randomSubsets = 1
    options.seed = seed
    options.nested = false
    options.stopsAtFirst = true
    var replay = Replay(shop, options)
    try replay.run(without: self)
    return replay.count.violations.first
  }
}
