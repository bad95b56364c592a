import Foundation
import SlotCore
import SlotKit
import SlotKitTesting

/// A data partition that does not answer, in the trial of a good release.
public struct HangingData {
  private let shop: ReleaseShop

  public init(_ shop: ReleaseShop) { self.shop = shop }

  /// - Returns: what goes wrong: nothing, where the end of a trial waits for the ledger no longer than it has to.
  public func violation(without weakness: Weakness? = nil) throws -> String? {
    let appliance = try Life(shop, weakness: weakness).appliance
    _ = appliance.powerOn()
    _ = try appliance.watch()
    _ = try appliance.apply(1)
    appliance.restart()
    var dead: [(ledgers: HangingLedgers, thread: DispatchSemaphore)] = []
    // Not before the verdict: they would write on, which dead machines do not.
    defer {
      for machine in dead {
        machine.ledgers.letGo()
        machine.thread.wait()
      }
    }
    for _ in 0..<BootControl.defaultTries {
      guard case .boot(let slot) = appliance.powerOn(), slot == .b else { break }
      let ledgers = HangingLedgers()
      if weakness != .noLedgerDeadline {
        defer { ledgers.letGo() }
        let outcome = try appliance.watch(ledgers: ledgers, deadline: 1)
        return outcome == .confirmed(version: "2.0") ? nil : "the trial ends \(outcome)"
      }
      // Nothing ends the wait: the watchdog resets the machine.
      nonisolated(unsafe) let waiting = appliance
      let ended = DispatchSemaphore(value: 0)
      let thread = Thread {
        _ = try? waiting.watch(ledgers: ledgers, deadline: 3_600_000)
        ended.signal()
      }
      dead.append((ledgers, ended))
      thread.start()
      ledgers.waitUntilAsked()
    }
    guard case .boot(.a) = appliance.powerOn() else { return nil }
    return "2.0 is good and is given up: its trial waited for the data partition for ever"
  }
}

/// A ledger that nobody hears of again.
final class HangingLedgers: LedgerStoring {
  private let asked = DispatchSemaphore(value: 0)
  private let release = DispatchSemaphore(value: 0)

  func waitUntilAsked() { asked.wait() }

  /// All who wait, one after the other, are let go with an error.
  func letGo() { release.signal() }

  private func hang() -> LedgerFailure {
    asked.signal()
    release.wait()
    release.signal()
    return LedgerFailure(.ioFailed, "the data partition hangs")
  }

  func load() throws(LedgerFailure) -> LoadedLedger { throw hang() }
  func save(_ ledger: Ledger) throws(LedgerFailure) -> Ledger { throw hang() }
  func requireReserve() throws(LedgerFailure) { throw hang() }
}
