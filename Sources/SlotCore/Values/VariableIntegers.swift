/// Integers in as few bytes as they need: seven bits each, the lowest first, the eighth bit set on all but the last
/// (unsigned LEB128, DWARF 5 section 7.6). Signed ones are folded first, so that small ones of either sign stay
/// small: 0, -1, 1, -2 become 0, 1, 2, 3.
enum VariableIntegers {
  struct Writer {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ value: UInt64) {
      var rest = value
      while rest >= 128 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }

    mutating func put(signed value: Int64) {
      put(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    mutating func put(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }
  }

  struct Reader {
    private let input: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], at position: Int = 0) {
      input = bytes
      self.position = position
    }

    var isAtEnd: Bool { position == input.count }

    /// Nil at the end, and for more than 49 bits: no sum or product of two such numbers with a block's length can
    /// overflow. Nil too for a longer form than needed, so that each number has one.
    mutating func next() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 49, by: 7) {
        guard position < input.count else { return nil }
        let byte = input[position]
        position += 1
        value |= UInt64(byte & 127) << shift
        if byte < 128 { return byte == 0 && shift > 0 ? nil : value }
      }
      return nil
    }

    /// A signed distance from `start`; nil unless it leads to `0..<limit`.
    mutating func next(from start: UInt64, below limit: UInt64) -> UInt64? {
      guard let folded = next() else { return nil }
      let distance = Int64(folded >> 1) ^ -Int64(folded & 1)
      let target = Int64(start) + distance
      return target >= 0 && target < Int64(limit) ? UInt64(target) : nil
    }

    mutating func bytes(_ count: Int) -> ArraySlice<UInt8>? {
      guard count <= input.count - position else { return nil }
      position += count
      return input[position - count..<position]
    }
  }
}
