/// What a bootloader does with a state of boot control. This is what the boot scripts of this project
/// do, statement by statement, so that `status` can say it beforehand and tests can hold them to it.
public struct BootDecision: Equatable, Sendable {
  public enum Outcome: Equatable, Sendable {
    /// The slot is started, after its try was spent and saved.
    case boot(SlotName)
    /// No slot is bootable: the rescue entry.
    case rescue
  }

  public let outcome: Outcome
  /// The environment as the bootloader has saved it when it hands over.
  public let after: BootControl

  /// The decision of one boot; `loads` says which slots have a kernel that can be loaded at all.
  public init(_ control: BootControl, loads: (SlotName) -> Bool = { _ in true }) {
    var state = control
    for pass in 0..<2 {
      for slot in [state.first, state.first.other]
      where state[slot].bootable && state.triesLeft(slot) > 0 {
        state[slot].triesMade += 1
        if loads(slot) {
          self.init(outcome: .boot(slot), after: state)
          return
        }
      }
      if pass == 0 { BootDecision.giveTriesBack(&state) }
    }
    self.init(outcome: .rescue, after: state)
  }

  private init(outcome: Outcome, after: BootControl) {
    self.outcome = outcome
    self.after = after
  }

  /// When no slot has tries left every bootable one gets them back, but for the one on trial while the
  /// other one is bootable.
  private static func giveTriesBack(_ state: inout BootControl) {
    for slot in SlotName.allCases where state[slot].bootable {
      let otherBoots = state[slot.other].bootable
      if slot != state.trial || !otherBoots { state[slot].triesMade = 0 }
    }
  }
}
