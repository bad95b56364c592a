import SlotCore
import Testing

@Suite struct SearchPolicyTests {
  private let policy = SearchPolicy(imageLength: 64 << 20, tableLength: 100_000)

  @Test func aSearchHasToPay() {
    #expect(!policy.isWorthwhile(wanted: 1 << 20))
    #expect(policy.isWorthwhile(wanted: 1 << 20 + 1))
    let large = SearchPolicy(imageLength: 64 << 20, tableLength: 2 << 20)
    #expect(!large.isWorthwhile(wanted: 2 << 20))
    #expect(large.isWorthwhile(wanted: 2 << 20 + 1))
  }

  @Test func aSearchEndsWithTheImage() {
    #expect(policy.reach(installed: 1000, capacity: 5000) == 1000)
    #expect(policy.reach(installed: 9000, capacity: 5000) == 5000)
    #expect(policy.reach(installed: nil, capacity: 1 << 40) == 256 << 20)
    #expect(policy.reach(installed: nil, capacity: 5000) == 5000)
    let absurd = SearchPolicy(imageLength: .max, tableLength: 0)
    #expect(absurd.reach(installed: nil, capacity: 5000) == 5000)
  }

  @Test func oneBlockInSixteenPromises() {
    #expect(policy.isPromising(found: 10, of: 160))
    #expect(!policy.isPromising(found: 9, of: 160))
    #expect(policy.isPromising(found: 0, of: 0))
  }
}

@Suite struct TargetRelationTests {
  @Test func comparisonsInVainEndReadingButForSamples() {
    var relation = TargetRelation()
    for _ in 0..<31 { relation.learn(alike: 3, of: 64) }
    #expect(relation.isWorthReading(at: 5 << 20))
    relation.learn(alike: 3, of: 64)
    #expect(!relation.isWorthReading(at: 5 << 20))
    #expect(!relation.isWorthReading(at: 15 << 20 + 5))
    #expect(relation.isWorthReading(at: 16 << 20 + 5))
    #expect(!relation.isFound)
  }

  @Test func oneBlockInSixteenIsARelation() {
    var relation = TargetRelation()
    for _ in 0..<40 { relation.learn(alike: 0, of: 64) }
    relation.learn(alike: 4, of: 64)
    #expect(relation.isFound)
    #expect(relation.isWorthReading(at: 5 << 20))
  }

  @Test func aWholeFrameIsARelation() {
    var relation = TargetRelation()
    relation.find()
    #expect(relation.isFound)
  }
}
