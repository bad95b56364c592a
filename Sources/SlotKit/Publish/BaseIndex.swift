internal import SlotCore

/// What a base has of an image: blocks, wherever they stand, and samples of its bytes by where they are alike.
struct BaseIndex: Sendable {
  /// Bytes of the ranges that a patch may use: large enough that what belongs together is mostly in one.
  static let windowBytes = 64 << 10
  /// More of them made patches 1 % smaller, and cost a device twice the reads.
  static let windowsForPatch = 8

  /// Of the base, looked through at a time.
  private static let pieceBytes = 4 << 20

  private let base: BaseImage
  private let table: BlockTable
  private let search: BlockSearch
  private let places: BlockPlaces
  private let samples: SampleTable

  /// Looks for all blocks that `table` tells of, on all processors.
  init(_ base: BaseImage, _ table: BlockTable) throws {
    self.base = base
    self.table = table
    let search = BlockSearch(table)
    let found = FoundPlaces(count: table.blockCount)
    let (piece, bytes) = (BaseIndex.pieceBytes, base.bytes.count)
    try OrderedWork.run(
      count: (bytes + piece - 1) / piece,
      work: { index in
        // The last block of a piece may end in the next one.
        let start = index * piece
        let end = min(bytes, start + piece + BundleLimits.blockBytes)
        let content = UnsafeRawBufferPointer(rebasing: base.bytes[start..<end])
        return (search.find(in: content, starts: piece).matches, UInt64(start))
      }, deliver: { found.add($0, from: $1) })
    self.search = search
    places = found.places
    samples = SampleTable(base.bytes)
  }

  /// Where in the base stands what `content`, block `block` of the image, is: at `expected` if it does, in bytes.
  func find(_ content: UnsafeRawBufferPointer, block: Int, expected: UInt64) -> UInt64? {
    if isEqual(content, at: expected) { return expected }
    // A hash only proposes.
    guard let place = places.place(of: block, in: table, search), isEqual(content, at: place)
    else { return nil }
    return place
  }

  private func isEqual(_ content: UnsafeRawBufferPointer, at place: UInt64) -> Bool {
    guard place + UInt64(content.count) <= UInt64(base.bytes.count) else { return false }
    let start = Int(place)
    return content.isEqual(
      to: UnsafeRawBufferPointer(rebasing: base.bytes[start..<start + content.count]))
  }

  /// The ranges of the base that have most in common with `content`, the best one last: zstd codes short distances
  /// in fewer bits.
  func windows(for content: UnsafeRawBufferPointer) -> [Range<UInt64>] {
    var votes: [UInt32: Int] = [:]
    SampleTable.forEachSample(in: content) { key, _ in
      if let window = samples[key] { votes[window, default: 0] += 1 }
    }
    let chosen = votes.filter { $0.value > 1 }
      .sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(BaseIndex.windowsForPatch)
    return chosen.reversed().map { window, _ in
      let start = UInt64(window) * UInt64(BaseIndex.windowBytes)
      return start..<min(start + UInt64(BaseIndex.windowBytes), UInt64(base.bytes.count))
    }
  }

  func bytes(of windows: [Range<UInt64>]) -> [UInt8] {
    var result: [UInt8] = []
    for window in windows {
      result.append(contentsOf: base.bytes[Int(window.lowerBound)..<Int(window.upperBound)])
    }
    return result
  }
}

/// `@unchecked Sendable`: `OrderedWork` calls `add` one at a time, and the rest is read when all is done.
private final class FoundPlaces: @unchecked Sendable {
  private(set) var places: BlockPlaces

  init(count: Int) { places = BlockPlaces(count: count) }

  func add(_ matches: [BlockSearch.Match], from start: UInt64) {
    places.add(matches, from: start)
  }
}

/// Samples of a base: for some runs of 32 bytes, chosen by their content so that they are the same wherever they
/// stand, the window in which they were seen first.
private struct SampleTable: Sendable {
  private let keys: [UInt32]
  /// Number of the window, plus 1; 0 for an empty place.
  private let windows: [UInt32]
  private let shift: UInt32

  init(_ bytes: UnsafeRawBufferPointer) {
    // Two places for each sample: one in 128 bytes is taken.
    var bits: UInt32 = 12
    while bytes.count >> 6 > 1 << bits, bits < 28 { bits += 1 }
    shift = 32 - bits
    var keys = [UInt32](repeating: 0, count: 1 << bits)
    var windows = [UInt32](repeating: 0, count: 1 << bits)
    let places = shift
    SampleTable.forEachSample(in: bytes) { key, position in
      let place = SampleTable.place(key, shift: places)
      if windows[place] == 0 {
        keys[place] = key
        windows[place] = UInt32(position / BaseIndex.windowBytes) + 1
      }
    }
    self.keys = keys
    self.windows = windows
  }

  private static func place(_ key: UInt32, shift: UInt32) -> Int {
    Int((key &* 2_654_435_761) >> shift)
  }

  subscript(key: UInt32) -> UInt32? {
    let place = SampleTable.place(key, shift: shift)
    return windows[place] > 0 && keys[place] == key ? windows[place] - 1 : nil
  }

  /// A rolling sum in which each byte has left after 32 more (a "gear" hash): its low half is the key.
  static func forEachSample(
    in bytes: UnsafeRawBufferPointer, _ body: (_ key: UInt32, _ position: Int) -> Void
  ) {
    var sum: UInt32 = 0
    var last: UInt32 = 0
    gears.withUnsafeBufferPointer { gears in
      for position in 0..<bytes.count {
        sum = (sum << 1) &+ gears[Int(bytes[position])]
        // The same again is a run of one byte, which says nothing of where it comes from.
        if sum >> 25 == 0, sum != last {
          body(sum, position)
          last = sum
        }
      }
    }
  }

  /// A fixed random number for each byte: xorshift64 (Marsaglia).
  private static let gears: [UInt32] = {
    var state: UInt64 = 88_172_645_463_325_252
    return (0..<256).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt32(truncatingIfNeeded: state >> 16)
    }
  }()
}
