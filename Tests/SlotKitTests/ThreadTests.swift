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

  @Test func whatIsInTimeIsReturned() {
    #expect(Threads.bounded(milliseconds: 60_000) { 7 } == 7)
  }
}
