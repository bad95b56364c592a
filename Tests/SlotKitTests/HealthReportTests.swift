import SlotCore
import Testing

@testable import SlotKit

@Suite struct HealthReportTests {
  /// The report lies in a file, where anything may stand.
  @Test(arguments: [Int64.min, -1, 0, 1])
  func aDeadlineThatHasPassedLeavesNothing(_ deadline: Int64) {
    #expect(HealthReport(.checking, trialDeadline: deadline).secondsLeft == 0)
  }

  @Test func aFarDeadlineIsTold() throws {
    let report = HealthReport(.checking, trialDeadline: .max)
    #expect(try #require(report.secondsLeft) > 1_000_000)
  }
}
