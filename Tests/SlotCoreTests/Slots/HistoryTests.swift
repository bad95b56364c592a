import SlotCore
import Testing

@Suite struct HistoryTests {
  private func ledger(entries: Int) -> Ledger {
    var ledger = Ledger()
    for number in 0..<entries {
      ledger.stage(.b, .sample("v\(number)"), .sample(Int64(number), boot: "boot-\(number)"))
    }
    return ledger
  }

  /// The history of a ledger whose entries `change` has gone over in the file.
  private func read(
    _ ledger: Ledger, _ change: (inout [JSONValue]) throws -> Void
  ) throws -> History {
    let limits = JSONLimits(byteCount: 1 << 20)
    let json = try JSONParser.parse(ledger.encoded(), limits: limits)
    var entries = try #require(json["history"]?.arrayValue)
    try change(&entries)
    let document = json.merging(["history": .array(entries)])
    return try Ledger(decoding: Array(document.pretty.utf8)).history
  }

  @Test func numbersAndContext() {
    let entries = ledger(entries: 3).history.entries
    #expect(entries.map(\.number) == [1, 2, 3])
    #expect(entries.map(\.boot) == ["boot-0", "boot-1", "boot-2"])
    #expect(entries.map(\.at.seconds) == [0, 1, 2])
    #expect(entries.allSatisfy { $0.slot == "B" && $0.event == "staged" })
  }

  @Test func theLast200AreKept() throws {
    let ledger = ledger(entries: 205)
    #expect(ledger.history.entries.map(\.number) == Array(6...205))
    #expect(ledger.history.firstBrokenNumber == nil)
    #expect(try read(ledger) { _ in } == ledger.history)
  }

  @Test(arguments: ["at", "boot", "event", "slot", "version", "detail", "chain", "number"])
  func aChangeIsFound(_ name: String) throws {
    let values: [String: JSONValue] = [
      "at": .string("2001-01-01T00:00:00Z"), "chain": .string(digest("x").hex),
      "number": .integer(9),
    ]
    let history = try read(ledger(entries: 6)) {
      $0[2] = $0[2].merging([name: values[name] ?? .string("other")])
    }
    let broken = try #require(history.firstBrokenNumber)
    #expect(broken == (name == "number" ? 9 : 3))
  }

  @Test func aChangeOfTheFirstIsFound() throws {
    let history = try read(ledger(entries: 3)) { $0[0] = $0[0].merging(["boot": .string("x")]) }
    #expect(history.firstBrokenNumber == 1)
  }

  @Test func aMissingOrMovedEntryIsFound() throws {
    #expect(try read(ledger(entries: 6)) { $0.remove(at: 3) }.firstBrokenNumber == 5)
    #expect(try read(ledger(entries: 6)) { $0.swapAt(3, 4) }.firstBrokenNumber == 5)
    #expect(try read(ledger(entries: 6)) { _ in }.firstBrokenNumber == nil)
  }

  @Test func whatDoesNotReadIsLeftOut() throws {
    let history = try read(ledger(entries: 4)) {
      $0[1] = .null
      $0[2] = $0[2].merging(["number": .integer(0)])
      $0.append(.object(["number": .integer(7)]))
    }
    #expect(history.entries.map(\.number) == [1, 4])
    #expect(history.firstBrokenNumber == 4)
  }

  @Test func aFileWithTooManyIsCut() throws {
    let history = try read(ledger(entries: 200)) { $0 += $0 }
    #expect(history.entries.count == History.maximumCount)
  }

  @Test func wordsOfOtherVersionsAreKept() throws {
    let history = try read(ledger(entries: 1)) {
      $0[0] = $0[0].merging(["event": .string("healed"), "detail": .integer(1)])
    }
    #expect(history.entries.first?.event == "healed" && history.entries.first?.detail == nil)
  }

  @Test func absurdNumbersDoNotTrap() throws {
    let history = try read(ledger(entries: 1)) { $0[0] = $0[0].merging(["number": .integer(.max)]) }
    var more = history
    more.append(.staged, slot: .a, version: "2", context: .sample())
    #expect(more.entries.count == 2)
  }
}
