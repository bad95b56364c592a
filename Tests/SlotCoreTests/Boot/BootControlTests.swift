import SlotCore
import Testing

/// Each row of the table of steps in docs/boot.md, from every state.
@Suite struct BootControlTests {
  private static let fresh = SlotBootState(bootable: true, triesMade: 0)
  private let image = digest("the failed image")

  @Test(arguments: SlotName.allCases) func disarm(booted: SlotName) {
    for before in everyControl {
      let after = before.disarmed(booted: booted)
      #expect(after.first == booted && after[booted] == BootControlTests.fresh)
      #expect(!after[booted.other].bootable && after.trial == nil)
      #expect(after.tries == before.tries && after.lastBad == before.lastBad)
      var forgotten = after
      forgotten.lastBad = nil
      #expect(before.cancelled(booted: booted, otherIsGood: false) == forgotten)
      let kept = before.cancelled(booted: booted, otherIsGood: true)
      #expect(kept[booted.other].bootable && kept.first == booted && kept.trial == nil)
    }
  }

  @Test(arguments: SlotName.allCases) func switchOver(target: SlotName) {
    for before in everyControl {
      let after = before.switched(to: target, image: image)
      #expect(after.first == target && after[target] == BootControlTests.fresh)
      #expect(after.trial == target && after[target.other].triesMade == 0)
      #expect(after[target.other].bootable)
    }
  }

  @Test(arguments: SlotName.allCases) func confirm(booted: SlotName) {
    for before in everyControl {
      let after = before.confirmed(booted: booted, image: nil)
      #expect(after[booted] == BootControlTests.fresh && after.trial == nil)
      #expect(after[booted.other] == before[booted.other] && after.first == before.first)
    }
  }

  @Test func confirmForgivesTheImageThatRuns() {
    for before in everyControl {
      let bad = before.accounted(booted: .a, failed: .b, image: image)
      #expect(bad.confirmed(booted: .b, image: image).lastBad == nil)
      #expect(bad.confirmed(booted: .b, image: digest("another")).lastBad == image)
      #expect(bad.confirmed(booted: .b, image: nil).lastBad == image)
    }
  }

  @Test(arguments: SlotName.allCases) func fallBack(failed: SlotName) {
    for before in everyControl {
      let after = before.fallenBack(from: failed, image: image, reason: "gateway failed to start")
      #expect(after.first == failed.other && after[failed.other] == BootControlTests.fresh)
      #expect(!after[failed].bootable && after.trial == nil && after.lastBad == image)
      #expect(after[failed].triesMade == before[failed].triesMade)
      #expect(after.reason == "gateway failed to start")
    }
  }

  /// A release that takes the ledger with it leaves nothing but boot control that could name it.
  @Test func theImageOnTrialCountsAsBadUntilItIsConfirmed() {
    let trial = BootControl.scriptDefaults.switched(to: .b, image: image)
    #expect(trial.lastBad == image)
    #expect(trial.fallenBack(from: .b, image: nil, reason: "x").lastBad == image)
    #expect(trial.accounted(booted: .a, failed: .b, image: nil).lastBad == image)
    #expect(trial.confirmed(booted: .b, image: nil).lastBad == nil)
    #expect(trial.confirmed(booted: .a, image: nil).lastBad == image)
    #expect(trial.cancelled(booted: .a, otherIsGood: true).lastBad == nil)
    let open = trial.leftOpen(booted: .a, tried: .b)
    #expect(open.lastBad == nil && !open.b.bootable && open.first == .a && open.trial == nil)
  }

  /// A reason that an earlier trial left must not be taken for that of a later one.
  @Test func everyOtherStepForgetsTheReason() {
    let left = BootControl.scriptDefaults.fallenBack(from: .b, image: nil, reason: "x")
    let after = [
      left.disarmed(booted: .a), left.switched(to: .b, image: image),
      left.confirmed(booted: .a, image: nil),
      left.accounted(booted: .a, failed: .b, image: nil),
      left.cancelled(booted: .a, otherIsGood: true),
    ]
    #expect(left.reason == "x" && after.allSatisfy { $0.reason == nil })
    #expect(left.started().reason == BootControl.startedReason)
  }

  @Test func aReasonFitsEveryEnvironment() {
    #expect(BootControl.bounded(reason: "a\nb\\cé") == "a?b?c?")
    #expect(BootControl.bounded(reason: "  gateway  ") == "gateway")
    #expect(
      BootControl.bounded(reason: "") == "unknown" && BootControl.bounded(reason: " ") == "unknown")
    let long = BootControl.bounded(reason: String(repeating: "x", count: 119) + " yz")
    #expect(long == String(repeating: "x", count: 119))
  }

  @Test func accountIsTheSameHoweverOftenItIsRepeated() {
    for before in everyControl {
      let after = before.accounted(booted: .a, failed: .b, image: image)
      #expect(after.first == .a && after.a == BootControlTests.fresh && !after.b.bootable)
      #expect(after.accounted(booted: .a, failed: .b, image: image) == after)
      #expect(after.accounted(booted: .a, failed: .b, image: nil).lastBad == image)
    }
  }

  @Test func triesLeftIsNeverNegative() {
    var control = BootControl.scriptDefaults
    #expect(control.triesLeft(.a) == 3)
    control.a.triesMade = 2
    #expect(control.triesLeft(.a) == 1 && control.triesLeft(.b) == 3)
    control.a.triesMade = 9
    #expect(control.triesLeft(.a) == 0)
  }

  @Test func hasBootableSlot() {
    #expect(everyControl.allSatisfy { $0.hasBootableSlot == ($0.a.bootable || $0.b.bootable) })
  }

  @Test func theOtherSlot() {
    #expect(SlotName.a.other == .b && SlotName.b.other == .a)
  }

  /// An update from disarm to fall back, as a device goes through it.
  @Test func aWholeTrialThatFails() {
    var control = BootControl.scriptDefaults.disarmed(booted: .a).switched(
      to: .b, image: image)
    var booted: [SlotName] = []
    for _ in 0..<4 {
      let decision = BootDecision(control)
      control = decision.after
      if case .boot(let slot) = decision.outcome { booted.append(slot) }
    }
    #expect(booted == [.b, .b, .b, .a])
    #expect(control.trial == .b && control.b.triesMade == 3 && control.a.triesMade == 1)
  }
}
