/// The states in which a power cut can leave a disk, at every moment of a log.
///
/// At every write, with what is not flushed by then: all of it is kept, none of it, the new write alone, the new
/// one with each single older one, all but each single one or its end; the new write is torn at each block boundary, from the
/// front and from the back, with all older ones kept and with none; and random subsets of all blocks. Where few blocks
/// are at stake every subset of them is made.
public struct CrashStates {
  public struct Place: Sendable {
    /// Entries of the log before the cut.
    public let position: Int
    /// The last mark before it.
    public let mark: Int
    /// What was kept, for people.
    public let kept: String
    /// One of the random subsets.
    public let isRandom: Bool
  }

  /// Up to so many blocks at stake, every subset is made.
  public static let exhaustiveBlocks = 8

  private let log: [PowerCutDisk.Entry]
  private let randomSubsets: Int
  private var random: SeededRandom
  private var durable: DiskImage
  private var pending: [PowerCutDisk.Write] = []
  private var mark = 0
  private var position = 0

  /// - Parameter start: what was durable before the first entry.
  /// - Parameter randomSubsets: at each write.
  public init(
    _ start: DiskImage, log: [PowerCutDisk.Entry], randomSubsets: Int, seed: UInt64
  ) {
    durable = start
    self.log = CrashStates.ordered(log)
    self.randomSubsets = randomSubsets
    random = SeededRandom(seed: seed)
    // A name may be kept whose file is not: its number must not be given to another one.
    for case .write(let write) in log { durable.grow(to: write.volume + 1) }
  }

  /// The same log with the writes between two flushes of one volume by their place: several threads make them, in no
  /// order that could be promised.
  private static func ordered(_ log: [PowerCutDisk.Entry]) -> [PowerCutDisk.Entry] {
    var result = log
    var start = 0
    while start < result.count {
      guard case .write(let first) = result[start], !first.isJournaled else {
        start += 1
        continue
      }
      var end = start
      while end < result.count, case .write(let next) = result[end],
        next.volume == first.volume, !next.isJournaled
      {
        end += 1
      }
      let ordered = result[start..<end].enumerated().sorted {
        (CrashStates.place($0.element), $0.offset) < (CrashStates.place($1.element), $1.offset)
      }
      result.replaceSubrange(start..<end, with: ordered.map(\.element))
      start = end
    }
    return result
  }

  private static func place(_ entry: PowerCutDisk.Entry) -> Int {
    if case .write(let write) = entry { write.blocks.first?.index ?? 0 } else { 0 }
  }

  /// Calls `body` with each state, many of them equal to others.
  public mutating func enumerate(_ body: (DiskImage, Place) throws -> Void) rethrows {
    try body(durable, place("nothing"))
    for entry in log {
      position += 1
      switch entry {
      case .mark(let number):
        // Whoever left it may have promised more than before.
        mark = number
        try body(durable, place("nothing that was not flushed"))
        for lost in pending.indices {
          try body(state { $0 == lost ? .none : .all }, place("all but unflushed write \(lost)"))
        }
      case .flush(let volume):
        settle(volume)
        try body(durable, place("nothing that was not flushed"))
        try body(state { _ in .all }, place("everything"))
      case .write(let write) where write.isForced:
        apply(write, to: &durable, kept: .all)
        try body(durable, place("a forced write"))
      case .write(let write):
        pending.append(write)
        try states(of: write, body)
      }
    }
  }

  private func place(_ kept: String, isRandom: Bool = false) -> Place {
    Place(position: position, mark: mark, kept: kept, isRandom: isRandom)
  }

  /// Everything written to `volume` so far is durable.
  private mutating func settle(_ volume: PowerCutDisk.Volume) {
    for write in pending where write.volume == volume { apply(write, to: &durable, kept: .all) }
    pending.removeAll { $0.volume == volume }
  }

  // MARK: - What is kept

  private enum Kept {
    case none, all
    case first(Int)
    case last(Int)
    case blocks(Set<Int>)
  }

  private func apply(_ write: PowerCutDisk.Write, to image: inout DiskImage, kept: Kept) {
    let blocks = write.blocks
    let chosen: any Sequence<(index: Int, content: BlockContent)> =
      switch kept {
      case .none: []
      case .all: blocks
      case .first(let count): blocks.prefix(count)
      case .last(let count): blocks.suffix(count)
      case .blocks(let set):
        blocks.enumerated().lazy.filter { set.contains($0.offset) }.map(\.element)
      }
    for block in chosen { image[write.volume, block.index] = block.content }
  }

  /// The durable state with what `choice` keeps of each pending write, by its number.
  private func state(_ choice: (Int) -> Kept) -> DiskImage {
    var image = durable
    var lostJournals: Set<PowerCutDisk.Volume> = []
    for (number, write) in pending.enumerated() {
      var kept = choice(number)
      if write.isJournaled {
        // Whole, and not without those before it.
        if case .all = kept, !lostJournals.contains(write.volume) {
        } else {
          kept = .none
          lostJournals.insert(write.volume)
        }
      }
      apply(write, to: &image, kept: kept)
    }
    return image
  }

  // MARK: - Which are made

  private mutating func states(
    of write: PowerCutDisk.Write, _ body: (DiskImage, Place) throws -> Void
  ) rethrows {
    let newest = pending.count - 1
    try body(state { _ in .all }, place("everything"))
    try body(state { $0 == newest ? .all : .none }, place("the last write alone"))
    for other in 0..<newest {
      try body(state { $0 == other ? .none : .all }, place("all but unflushed write \(other)"))
      try body(
        state { $0 == other || $0 == newest ? .all : .none },
        place("the last write and unflushed write \(other)"))
    }
    for other in 0..<newest where pending[other].blocks.count > 1 {
      let count = pending[other].blocks.count
      for boundary in Set([1, count / 2, count - 1]).sorted() {
        try body(
          state { $0 == other ? .first(boundary) : .all },
          place("all but the end of unflushed write \(other)"))
      }
    }
    for boundary in 1..<max(1, write.blocks.count) {
      for older in [Kept.all, Kept.none] {
        try body(
          state { $0 == newest ? .first(boundary) : older },
          place("the first \(boundary) blocks of the last write"))
        try body(
          state { $0 == newest ? .last(boundary) : older },
          place("the last \(boundary) blocks of the last write"))
      }
    }
    if try !everySubset(body) {
      for _ in 0..<randomSubsets {
        try body(randomState(), place("a random subset", isRandom: true))
      }
    }
  }

  /// - Returns: false when there are too many.
  private func everySubset(_ body: (DiskImage, Place) throws -> Void) rethrows -> Bool {
    let units = pending.map { $0.isJournaled ? 1 : $0.blocks.count }
    let total = units.reduce(0, +)
    guard total <= CrashStates.exhaustiveBlocks else { return false }
    for subset in 0..<(1 << total) {
      var starts = 0
      var chosen: [Kept] = []
      for (write, count) in zip(pending, units) {
        let bits = (subset >> starts) & ((1 << count) - 1)
        starts += count
        chosen.append(
          write.isJournaled
            ? (bits == 0 ? .none : .all)
            : .blocks(Set((0..<count).filter { bits >> $0 & 1 == 1 })))
      }
      try body(state { chosen[$0] }, place("subset \(subset) of \(total) blocks"))
    }
    return true
  }

  private mutating func randomState() -> DiskImage {
    let choices: [Kept] = pending.map { write in
      let count = write.blocks.count
      switch Int.random(in: 0..<5, using: &random) {
      case 0: return .none
      case 1: return .all
      case 2: return .first(Int.random(in: 0...count, using: &random))
      case 3: return .last(Int.random(in: 0...count, using: &random))
      default:
        return .blocks(Set((0..<count).filter { _ in Bool.random(using: &random) }))
      }
    }
    return state { choices[$0] }
  }
}
