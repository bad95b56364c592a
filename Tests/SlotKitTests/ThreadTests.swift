import Foundation
import Testing

@testable import SlotKit

@Suite struct ThreadTests {
  @Test func whatTakesTooLongIsLeftBehind() {
    let never = DispatchSemaphore(value: 0)
    let answer = Threads.bounded(milliseconds: 1) { () -> Int in
      never.wait()
      return 1
    }
    #expect(answer == nil)
    never.signal()
  }

  /// A thread that nobody joins keeps its stack, and a watch asks thousands of times.
  @Test func boundedWorkLeavesNothingBehind() {
    func stacks() -> Int {
      let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
      return maps.split(separator: "\n").count
    }
    let before = stacks()
    for _ in 0..<2000 { _ = Threads.bounded(milliseconds: 60_000) { 7 } }
    #expect(stacks() < before + 1000)
  }

  @Test func whatIsInTimeIsReturned() {
    #expect(Threads.bounded(milliseconds: 60_000) { 7 } == 7)
  }
}
