import Foundation
import SystemPackage
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
  @Test func boundedWorkLeavesNothingBehind() throws {
    /// Bytes of address space, of which a stack takes 8 MiB.
    func space() throws -> Int {
      let pages = try #require(Files.text("/proc/self/statm")).split(separator: " ").first
      return try #require(pages.flatMap { Int($0) }) * 4096
    }
    let before = try space()
    for _ in 0..<2000 { _ = Threads.bounded(milliseconds: 60_000) { 7 } }
    #expect(try space() < before + (4 << 30))
  }

  @Test func whatIsInTimeIsReturned() {
    #expect(Threads.bounded(milliseconds: 60_000) { 7 } == 7)
  }
}

@Suite struct BufferTests {
  /// Of a page that is not whole the rest may be somebody else's.
  @Test func onlyWholePagesAreGivenBack() {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let buffer = AlignedBuffer(byteCount: 3 * page + 100)
    buffer.bytes.initializeMemory(as: UInt8.self, repeating: 7)
    buffer.discard()
    let kept = Int(bitPattern: buffer.bytes.baseAddress) % page == 0 ? 100 : page + 100
    #expect(buffer.bytes.count { $0 == 7 } == kept)
    #expect(buffer.bytes.suffix(100).allSatisfy { $0 == 7 })
  }
}
