import Testing

@testable import SlotCore

@Suite struct VariableIntegersTests {
  private func written(_ value: UInt64) -> [UInt8] {
    var output = VariableIntegers.Writer()
    output.put(value)
    return output.bytes
  }

  private func read(_ bytes: [UInt8]) -> UInt64? {
    var input = VariableIntegers.Reader(bytes)
    guard let value = input.next(), input.isAtEnd else { return nil }
    return value
  }

  @Test(
    arguments: [
      (0, [0]), (1, [1]), (127, [127]), (128, [0x80, 1]), (624_485, [0xE5, 0x8E, 0x26]),
      ((1 << 49) - 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
    ] as [(UInt64, [UInt8])])
  func layout(_ value: UInt64, _ bytes: [UInt8]) {
    #expect(written(value) == bytes)
    #expect(read(bytes) == value)
  }

  @Test(
    arguments: [
      (0, [0]), (-1, [1]), (1, [2]), (-2, [3]), (63, [126]), (-64, [127]), (64, [0x80, 1]),
    ] as [(Int64, [UInt8])])
  func foldedLayout(_ value: Int64, _ bytes: [UInt8]) {
    var output = VariableIntegers.Writer()
    output.put(signed: value)
    #expect(output.bytes == bytes)
    var input = VariableIntegers.Reader(bytes)
    #expect(input.next(from: 100, below: 1000) == UInt64(100 + value))
  }

  @Test func numbersFollowEachOther() throws {
    var generator = SeededGenerator(seed: 21)
    let values = (0..<1000).map { _ in UInt64.random(in: 0..<1 << 49, using: &generator) >> 5 }
    var output = VariableIntegers.Writer()
    for value in values { output.put(value) }
    var input = VariableIntegers.Reader([9] + output.bytes, at: 1)
    for value in values { #expect(input.next() == value) }
    #expect(input.isAtEnd && input.next() == nil)
  }

  /// More than 49 bits, longer than needed, and cut off.
  @Test(
    arguments: [
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1],
      [0x80, 0], [0xFF, 0], [0x81, 0x80, 0], [], [0x80], [0xFF, 0xFF],
    ] as [[UInt8]])
  func refused(_ bytes: [UInt8]) {
    var input = VariableIntegers.Reader(bytes)
    #expect(input.next() == nil)
    #expect(input.position <= bytes.count)
  }

  @Test(arguments: [(10, -10, 0), (10, 89, 99), (0, 0, 0)] as [(UInt64, Int64, UInt64)])
  func distancesLeadToWhatIsThere(_ start: UInt64, _ distance: Int64, _ target: UInt64) {
    #expect(arrival(start, distance) == target)
  }

  @Test(arguments: [(10, -11), (10, 90), (0, -1), (0, -(1 << 47))] as [(UInt64, Int64)])
  func distancesDoNotLeadElsewhere(_ start: UInt64, _ distance: Int64) {
    #expect(arrival(start, distance) == nil)
  }

  private func arrival(_ start: UInt64, _ distance: Int64) -> UInt64? {
    var output = VariableIntegers.Writer()
    output.put(signed: distance)
    var input = VariableIntegers.Reader(output.bytes)
    return input.next(from: start, below: 100)
  }

  @Test func bytesAreTakenWholeOrNotAtAll() {
    var input = VariableIntegers.Reader([1, 2, 3])
    #expect(input.bytes(4) == nil)
    #expect(input.position == 0)
    #expect(input.bytes(3).map { Array($0) } == [1, 2, 3])
    #expect(input.isAtEnd && input.bytes(1) == nil)
  }
}
