import SlotCore
import Testing

@Suite struct InstallPlanTests {
  private let sample = SampleBundle()

  private func plan(_ kept: Set<Int>) throws -> InstallPlan {
    let table = try FrameTable(
      verifying: sample.table, description: sample.description, artefact: sample.artefact)
    return InstallPlan(table) { kept.contains($0) }
  }

  @Test func anEmptySlotTakesEverything() throws {
    let plan = try plan([])
    #expect(plan.runs.map(\.frames) == [0..<1, 1..<2, 2..<3])
    #expect(plan.runs.map(\.source) == [.bundle, .zero, .bundle])
    #expect(plan.fetchBytes == UInt64(sample.payload.count))
    #expect(plan.writeBytes == sample.artefact.length)
    #expect(plan.keptBytes == 0 && !plan.isEmpty)
  }

  @Test func whatIsThereIsKept() throws {
    let plan = try plan([0, 1])
    #expect(plan.runs.map(\.frames) == [0..<2, 2..<3])
    #expect(plan.runs.map(\.source) == [.target, .bundle])
    #expect(plan.fetchBytes == 4096 && plan.writeBytes == 4096 && plan.keptBytes == 131_072)
  }

  @Test func zerosAreWrittenAndNotFetched() throws {
    let plan = try plan([0, 2])
    #expect(plan.runs.map(\.source) == [.target, .zero, .target])
    #expect(plan.fetchBytes == 0 && plan.writeBytes == 65_536 && !plan.isEmpty)
  }

  @Test func anEqualSlotTakesNothing() throws {
    let plan = try plan([0, 1, 2])
    #expect(plan.isEmpty && plan.fetchBytes == 0 && plan.keptBytes == sample.artefact.length)
    #expect(plan.runs.map(\.frames) == [0..<3])
  }
}
