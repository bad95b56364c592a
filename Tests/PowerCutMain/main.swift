import ArgumentParser
import Glibc
import PowerCut

/// Cuts the power at every moment of an appliance's life, and again with each defence taken out.
struct PowerCutCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "powercut",
    abstract: "Cut the power at every moment of an appliance's life, in a model of its disk.")

  @Option(help: "Frames of 64 KiB in each image.") var frames = 64
  @Option(help: "Random subsets of unflushed blocks at each write.") var subsets = 100
  @Option(help: "Seed of the random subsets.") var seed: UInt64 = .random(in: 1...999_999)
  @Flag(help: "Do not cut the recoveries too.") var flat = false
  @Flag(help: "Leave out the runs without a defence.") var noDefences = false

  func run() throws {
    var options = Replay.Options()
    options.randomSubsets = subsets
    options.seed = seed
    options.nested = !flat
    print("seed \(seed), images of \(frames) frames, \(subsets) random subsets at each write")
    var replay = Replay(try ReleaseShop(frames: frames), options)
    try replay.run()
    let count = replay.count
    print(
      """
      log: \(count.writes) writes, \(count.flushes) flushes
      crash states: \(count.states), \(count.nested) of them in recoveries; \(count.distinct) distinct
      after them: \(count.recoveries) recoveries, \(count.updates) further updates
      violations: \(count.violations.count)
      """)
    for violation in count.violations { print("  \(violation)") }
    fflush(nil)
    let others = try otherFaults()
    let isProved = try noDefences || defences()
    guard count.violations.isEmpty, others.isEmpty, isProved else { throw ExitCode.failure }
  }

  /// What goes wrong on a disk that lies, and with a data partition that hangs.
  private func otherFaults() throws -> [String] {
    let shop = try ReleaseShop(frames: 6)
    var lying = LyingDisk(shop)
    try lying.run()
    let violations = lying.violations + [try HangingData(shop).violation()].compactMap { $0 }
    print("writes dropped or altered by the disk: \(lying.faults), violations: \(violations.count)")
    for violation in violations { print("  \(violation)") }
    return violations
  }

  /// - Returns: whether each defence that is taken out is missed.
  private func defences() throws -> Bool {
    print("without                                 the first violation")
    var isProved = true
    let shop = try ReleaseShop(frames: 2)
    for weakness in Weakness.allCases {
      let violation = try weakness.firstViolation(in: shop, seed: seed)
      isProved = isProved && violation?.contains(weakness.expectedViolation) ?? false
      let name = weakness.rawValue.padding(to: 39)
      print("\(name) \(violation ?? "NONE FOUND")")
      fflush(nil)
    }
    return isProved
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}

PowerCutCommand.main()
