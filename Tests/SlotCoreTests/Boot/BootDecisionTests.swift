import SlotCore
import Testing

/// Over every state that the environment can hold: see `everyControl`.
@Suite struct BootDecisionTests {
  /// The slots of the next `count` boots, all of which crash.
  private func boots(_ control: BootControl, count: Int) -> [SlotName?] {
    var control = control
    return (0..<count).map { _ in
      let decision = BootDecision(control)
      control = decision.after
      guard case .boot(let slot) = decision.outcome else { return nil }
      return slot
    }
  }

  @Test func aBootableSlotIsBootedIfThereIsOne() {
    for control in everyControl {
      switch BootDecision(control).outcome {
      case .boot(let slot): #expect(control[slot].bootable)
      case .rescue: #expect(!control.hasBootableSlot)
      }
    }
  }

  @Test func theFirstSlotWithTriesLeftIsBooted() {
    for control in everyControl {
      let eligible = [control.first, control.first.other].first {
        control[$0].bootable && control[$0].triesMade < 3
      }
      if let eligible { #expect(BootDecision(control).outcome == .boot(eligible)) }
    }
  }

  @Test func theTryIsSpentAndSaved() {
    for control in everyControl {
      let decision = BootDecision(control)
      guard case .boot(let slot) = decision.outcome else { continue }
      let spent = control.triesLeft(slot) > 0 ? control[slot].triesMade + 1 : 1
      let trialAlone = !control[slot.other].bootable
      #expect(decision.after[slot].triesMade == spent || trialAlone)
      #expect(decision.after[slot].triesMade >= 1)
      #expect(decision.after.first == control.first && decision.after.trial == control.trial)
    }
  }

  @Test func repeatedCrashesNeverStayOnOneSlot() {
    for control in everyControl where control.a.bootable && control.b.bootable {
      let slots = boots(control, count: 8)
      #expect(!slots.contains(nil))
      // Only a trial whose tries are spent stays out.
      let spent = control.trial.map { control.triesLeft($0) == 0 ? $0 : nil } ?? nil
      #expect(Set(slots) == (spent.map { [$0.other] } ?? [.a, .b]))
    }
  }

  @Test func aSpentTrialIsNotTriedAgainWhileTheOtherSlotBoots() {
    for control in everyControl {
      guard let trial = control.trial, control[trial.other].bootable else { continue }
      let left = control[trial].bootable ? control.triesLeft(trial) : 0
      #expect(boots(control, count: 20).count { $0 == trial } == left)
    }
  }

  @Test func aTrialWithoutAnotherSlotIsTriedForEver() {
    for control in everyControl {
      guard let trial = control.trial, control[trial].bootable, !control[trial.other].bootable
      else { continue }
      #expect(boots(control, count: 10).allSatisfy { $0 == trial })
    }
  }

  @Test func aSlotThatDoesNotLoadGivesWayToTheOther() {
    for control in everyControl where control.a.bootable && control.b.bootable {
      for broken in SlotName.allCases {
        let decision = BootDecision(control) { $0 != broken }
        let spentTrial = control.trial == broken.other && control.triesLeft(broken.other) == 0
        #expect(decision.outcome == (spentTrial ? .rescue : .boot(broken.other)))
      }
    }
  }

  @Test func nothingThatLoadsIsRescue() {
    for control in everyControl {
      #expect(BootDecision(control, loads: { _ in false }).outcome == .rescue)
    }
  }

  @Test func aSingleTry() {
    var control = BootControl.scriptDefaults.switched(to: .b, image: digest("1.0.1"))
    control.tries = 1
    #expect(boots(control, count: 4) == [.b, .a, .a, .a])
  }
}
