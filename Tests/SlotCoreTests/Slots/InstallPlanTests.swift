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
    #expect(plan.zeroBytes == 65_536 && plan.fullFetchBytes == plan.fetchBytes)
  }

  @Test func whatIsThereIsKept() throws {
    let plan = try plan([0, 1])
    #expect(plan.runs.map(\.frames) == [0..<2, 2..<3])
    #expect(plan.runs.map(\.source) == [.target, .bundle])
    #expect(plan.fetchBytes == 4096 && plan.writeBytes == 4096 && plan.keptBytes == 131_072)
    #expect(plan.zeroBytes == 0 && plan.fullFetchBytes == UInt64(sample.payload.count))
    #expect(plan.savedBytes(fetched: 4096) == UInt64(sample.payload.count) - 4096)
    #expect(plan.savedBytes(fetched: 1 << 40) == 0)
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

  // MARK: - With a delta

  private func delta(_ kept: Set<Int>, _ recipes: [FrameRecipe]) throws -> InstallPlan {
    let bytes = try #require(
      DeltaTable.encoded(
        recipes, artefact: sample.artefact, baseLength: SampleDelta.baseLength))
    let stored = recipes.reduce(0) { $0 + UInt64($1.patch?.storedLength ?? 0) }
    let delta = try DeltaTable(
      verifying: bytes, description: SampleDelta.description(bytes, payloadLength: stored),
      artefact: sample.artefact)
    let table = try FrameTable(
      verifying: sample.table, description: sample.description, artefact: sample.artefact)
    return InstallPlan(table, recipes: delta) { kept.contains($0) }
  }

  @Test func aBaseTakesThePatchesOnly() throws {
    let plan = try delta([], SampleDelta().recipes)
    #expect(plan.runs.map(\.source) == [.base, .zero, .base])
    #expect(plan.frames(from: .base) == [0, 2] && plan.frames(from: .zero) == [1])
    #expect(plan.fetchBytes == 100 && plan.baseBytes == 65_536 + 4096)
    #expect(plan.writeBytes == sample.artefact.length && plan.keptBytes == 0)
  }

  @Test func framesWithoutARecipeAreFetched() throws {
    var recipes = SampleDelta().recipes
    recipes[2] = FrameRecipe(segments: [], patch: nil)
    let plan = try delta([], recipes)
    #expect(plan.runs.map(\.source) == [.base, .zero, .bundle])
    #expect(plan.frames(from: .base) == [0] && plan.frames(from: .bundle) == [2])
    #expect(plan.fetchBytes == 100 + 4096)
  }

  @Test func whatIsThereNeedsNoPatch() throws {
    let plan = try delta([0], SampleDelta().recipes)
    #expect(plan.runs.map(\.source) == [.target, .zero, .base])
    #expect(plan.frames(from: .base) == [2])
    #expect(plan.fetchBytes == 0 && plan.keptBytes == 65_536)
  }
}
