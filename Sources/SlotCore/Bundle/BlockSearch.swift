/// Finds an image's blocks in other bytes by their hashes, wherever they stand there.
///
/// As rsync's: where no block begins, the hash is moved along by a byte; where one was found, the search goes on behind it.
/// So what holds the image is passed in steps of a block, and only what is new there costs a look at each byte.
public struct BlockSearch: Sendable {
  /// A block, and where it seems to stand.
  public struct Match: Equatable, Sendable {
    /// Its number in the image.
    public var block: Int
    /// Bytes from the start of what was searched.
    public var offset: Int
    /// It goes on where the match before it ended, in the image too.
    public var isContinued: Bool

    public init(block: Int, offset: Int, isContinued: Bool) {
      self.block = block
      self.offset = offset
      self.isContinued = isContinued
    }
  }

  public struct Findings: Equatable, Sendable {
    public var matches: [Match] = []
    /// Blocks of zeros that were passed over.
    public var zeros = 0
  }

  private let table: BlockTable
  /// Numbers of blocks, plus 1, where their hashes say; 0 for an empty place. Of blocks that are alike the first.
  private var places: [UInt32]
  private let placeBits: Int
  /// A bit for each beginning that a hash may have, set where some block's has it: it fits into a processor's cache,
  /// which `places` does not.
  private var beginnings: [UInt64]
  private let beginningBits: Int

  public init(_ table: BlockTable) {
    self.table = table
    // A third of the places stays empty.
    var bits = 6
    while table.knownCount / 2 * 3 > 1 << bits, bits < 31 { bits += 1 }
    placeBits = bits
    places = [UInt32](repeating: 0, count: 1 << bits)
    beginningBits = min(bits + 3, 24)
    beginnings = [UInt64](repeating: 0, count: 1 << (beginningBits - 6))
    for block in 0..<table.blockCount {
      guard let hash = table[block], hash != .ofZeros, block < UInt32.max else { continue }
      var place = start(hash)
      while places[place] > 0, table[Int(places[place]) - 1] != hash { place = after(place) }
      if places[place] == 0 { places[place] = UInt32(block + 1) }
      let beginning = Int(hash.value >> UInt64(40 - beginningBits))
      beginnings[beginning >> 6] |= 1 << UInt64(beginning & 63)
    }
  }

  /// The first block with this hash.
  public func first(_ hash: BlockHash) -> Int? {
    var place = start(hash)
    while places[place] > 0 {
      let block = Int(places[place]) - 1
      if table[block] == hash { return block }
      place = after(place)
    }
    return nil
  }

  private func start(_ hash: BlockHash) -> Int {
    // Fibonacci hashing: see Knuth, The Art of Computer Programming, 6.4.
    Int((hash.value &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - placeBits))
  }

  private func after(_ place: Int) -> Int { (place + 1) & (places.count - 1) }

  /// The blocks that begin in the first `starts` bytes of `bytes`.
  public func find(in bytes: UnsafeRawBufferPointer, starts: Int) -> Findings {
    let length = BundleLimits.blockBytes
    let end = min(starts, bytes.count - length + 1)
    var findings = Findings()
    var position = 0
    var expected: Int?
    while position < end {
      var state = BlockHash.state(
        of: UnsafeRawBufferPointer(rebasing: bytes[position..<position + length]))
      var block = self.block(state, expected)
      while block == nil, state != 0 {
        expected = nil
        guard roll(&state, &position, to: end, bytes) else { return findings }
        block = self.block(state, nil)
      }
      if let block {
        findings.matches.append(
          Match(block: block, offset: position, isContinued: block == expected))
        expected = block + 1
      } else {
        // Zeros stand nowhere in particular.
        findings.zeros += 1
        expected = expected.map { $0 + 1 }
      }
      position += length
    }
    return findings
  }

  /// The block with this hash: `expected` if it has it.
  private func block(_ state: UInt64, _ expected: Int?) -> Int? {
    let hash = BlockHash(state: state)
    if hash == .ofZeros { return nil }
    if let expected, expected < table.blockCount, table[expected] == hash { return expected }
    return first(hash)
  }

  /// Moves on by a byte, and by more until the hash begins as that of some block. False at the end.
  private func roll(
    _ state: inout UInt64, _ position: inout Int, to end: Int, _ bytes: UnsafeRawBufferPointer
  ) -> Bool {
    let shift = UInt64(64 - beginningBits)
    let leaving = BlockHash.leaving
    return beginnings.withUnsafeBufferPointer { beginnings in
      while position &+ 1 < end {
        state =
          state &* BlockHash.multiplier
          &+ UInt64(bytes[position &+ BundleLimits.blockBytes])
          &- UInt64(bytes[position]) &* leaving
        position &+= 1
        let beginning = Int(truncatingIfNeeded: state >> shift)
        let bit = beginnings[beginning &>> 6] >> UInt64(beginning & 63) & 1
        if bit != 0 || state == 0 { return true }
      }
      return false
    }
  }
}
