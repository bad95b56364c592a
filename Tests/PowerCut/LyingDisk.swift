import SlotCore
import SlotKit
import SlotKitTesting

/// A disk that drops or alters one write of an install and reports success: the read-back has to find it.
public struct LyingDisk {
  public private(set) var faults = 0
  public private(set) var violations: [String] = []
  private let shop: ReleaseShop

  public init(_ shop: ReleaseShop) { self.shop = shop }

  /// One install for each write and each way to lie about it.
  public mutating func run(without weakness: Weakness? = nil) throws {
    let writes = try install(weakness, fault: nil).writes
    for write in 0..<writes {
      for isDropped in [true, false] {
        faults += 1
        let fault = WeakSlot.Fault(write: write, isDropped: isDropped)
        let (_, violation) = try install(weakness, fault: fault)
        if let violation {
          let what = isDropped ? "dropped" : "altered"
          violations.append("\(violation) [write \(write) of an install \(what)]")
        }
      }
    }
  }

  private func install(
    _ weakness: Weakness?, fault: WeakSlot.Fault?
  ) throws -> (writes: Int, violation: String?) {
    let life = try Life(shop, weakness: weakness)
    _ = life.appliance.powerOn()
    _ = try life.appliance.watch()
    life.appliance.fault = fault
    life.appliance.fillOtherSlot()
    do {
      _ = try life.appliance.apply(1)
    } catch let failure as SlotFailure where failure.code == .readBackMismatch {}
    do {
      let rules = StateRules(shop: shop, journal: life.journal)
      try rules.check(life.appliance, life.appliance.notes, isLying: true)
    } catch let violation as Violation {
      return (0, violation.description)
    }
    return (life.appliance.lastSlot?.writeCount ?? 0, nil)
  }
}
