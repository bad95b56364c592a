import Foundation
import SlotCore
import SlotCoreTesting
import Testing

/// Each kind of instructions that this processor has, against libsodium's digest of each message alone.
@Suite struct DigestLanesTests {
  private static let kinds: [DigestLanes?] = [nil] + DigestLanes.allCases.filter(\.isAvailable)
  /// Around the ends of blocks, of 128 bytes each.
  private static let lengths = [0, 1, 7, 64, 127, 128, 129, 255, 256, 257, 384, 1000, 4096, 65_537]

  private static func expectSame(
    _ ranges: [Range<Int>], in bytes: UnsafeRawBufferPointer, _ lanes: DigestLanes?
  ) {
    let messages = ranges.map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
    #expect(Digest.each(of: messages, by: lanes) == messages.map { Digest(of: $0) }, "\(ranges)")
  }

  @Test(arguments: kinds) func messagesOfOneLength(_ lanes: DigestLanes?) {
    var generator = SeededGenerator(seed: 2)
    let bytes = generator.bytes(9 * 65_537)
    bytes.withUnsafeBytes { bytes in
      for length in Self.lengths {
        for count in 0...9 {
          Self.expectSame(
            (0..<count).map { $0 * length..<($0 + 1) * length }, in: bytes, lanes)
        }
      }
    }
  }

  @Test(arguments: kinds) func everyMessageHasItsOwnLength(_ lanes: DigestLanes?) {
    var generator = SeededGenerator(seed: 3)
    let bytes = generator.bytes(70_000)
    bytes.withUnsafeBytes { bytes in
      for _ in 0..<500 {
        let ranges = (0..<Int.random(in: 2...6, using: &generator)).map { _ in
          let start = Int.random(in: 0..<1000, using: &generator)
          return start..<start + Self.lengths.randomElement(using: &generator)!
        }
        Self.expectSame(ranges, in: bytes, lanes)
      }
    }
  }

  /// Behind the last byte stands a page that cannot be read.
  @Test(arguments: kinds) func readsNothingBehindTheEnd(_ lanes: DigestLanes?) throws {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = try #require(
      mmap(nil, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    defer { munmap(start, 2 * page) }
    try #require(mprotect(start + page, page, PROT_NONE) == 0)
    let bytes = UnsafeRawBufferPointer(start: start, count: page)
    for length in Self.lengths where length <= page {
      Self.expectSame(
        [page - length..<page, 0..<1, page - length..<page, page - length..<page], in: bytes, lanes)
    }
  }

  @Test func emptyBuffersWithoutAnAddress() {
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    for lanes in Self.kinds {
      #expect(
        Digest.each(of: [nothing, nothing], by: lanes) == [Digest(of: []), Digest(of: [])])
    }
  }

  @Test func theFastestThatThereIsIsTaken() {
    #expect(DigestLanes.allCases == [.avx512, .avx2])
    #expect(DigestLanes.best == Self.kinds.compactMap(\.self).first)
  }

  /// The kernel lists what it saves the registers of; on other processors it lists none of these.
  @Test func thereIsWhatTheKernelSays() throws {
    let information = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    let flags = information.split(separator: "\n").first { $0.hasPrefix("flags") }
    let words = Set(flags?.split(separator: " ") ?? [])
    #expect(DigestLanes.avx2.isAvailable == words.contains("avx2"))
    #expect(DigestLanes.avx512.isAvailable == words.isSuperset(of: ["avx512f", "avx512vl"]))
  }
}
