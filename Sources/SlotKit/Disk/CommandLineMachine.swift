internal import SlotCore
internal import SystemPackage

/// A machine of which only the kernel's command line is known: what `krux-health` works with where the partitions
/// cannot be found. The boot script writes `krux.slot=A` there, RAUC's `rauc.slot=A`.
struct CommandLineMachine: Machine {
  let bootedSlot: SlotName
  let bootID: String
  let warnings: [String]
  let startedAsTrial: Bool
  private let rebootCommand: [String]

  /// Nil when the command line names no slot.
  init?(_ configuration: Configuration, warning: String) {
    let arguments = KernelView.commandLine
    guard let slot = (arguments["krux.slot"] ?? arguments["rauc.slot"]).flatMap(SlotName.init),
      let bootID = KernelView.bootID
    else { return nil }
    bootedSlot = slot
    self.bootID = bootID
    warnings = [warning]
    startedAsTrial = arguments["krux.trial"] == "1"
    rebootCommand = configuration.rebootCommand
  }

  func location(of slot: SlotName) throws -> SlotLocation {
    throw SlotFailure(.notFound, "slot \(slot.rawValue) is unknown on this machine")
  }

  func checkTarget(_ location: SlotLocation) throws {}

  func traces(since: Timestamp) -> TrialTraces { .collect(since: since) }

  func reboot() throws { try Subprocess.run(rebootCommand) }
}
