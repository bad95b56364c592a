/// A part of the file that one request brings, and what of it waits in the window.
final class FetchPart {
  enum State: Equatable {
    /// Not before a moment of `BootClock`, in milliseconds.
    case waiting(until: Int64)
    case active
    case complete
  }

  let start: UInt64
  /// `UInt64.max` for a part that is open: it goes on to the end of the file.
  fileprivate(set) var end: UInt64
  /// Bytes from `start` on that have come.
  fileprivate(set) var received: UInt64 = 0
  fileprivate var taken: UInt64 = 0
  /// Where it begins in the ring, counted on without end.
  fileprivate let ringStart: UInt64
  var state = State.waiting(until: 0)
  /// Breaks since the last byte.
  var fruitless = 0
  /// Nobody wants it any more.
  fileprivate(set) var isDropped = false

  fileprivate init(_ range: Range<UInt64>, ringStart: UInt64) {
    (start, end) = (range.lowerBound, range.upperBound)
    self.ringStart = ringStart
  }

  var isOpen: Bool { end == UInt64.max }
  var next: UInt64 { start + received }
  var missing: UInt64 { end - next }
}

/// The bounded memory between the requests in flight and the one who reads: parts of the file in ascending order, each
/// with its place in a ring before it is asked for, so that a later one that comes early never waits for room.
///
/// Not safe for threads: its owner takes care of that.
final class FetchWindow {
  static let byteCount: UInt64 = 4 << 20
  /// The most that one request asks for, so that a long run is asked for by several.
  static let pieceBytes: UInt64 = 1 << 20
  private static let maximumParts = 256
  /// What is asked for first of what was not announced; each time that it was of use, four times as much follows.
  static let firstAhead: UInt64 = 16 << 10

  private let ring = AlignedBuffer(byteCount: Int(FetchWindow.byteCount))
  private var ringEnd: UInt64 = 0
  private(set) var parts: [FetchPart] = []
  /// What is still to be asked for, after `parts`.
  private var plan: [Range<UInt64>] = []
  private var position: UInt64 = 0
  private var isSequential = false
  private var ahead = FetchWindow.firstAhead
  private var sequentialEnd: UInt64 = 0
  /// Where the file ends, once that is known.
  private(set) var end: UInt64?

  // MARK: - The reading side

  /// What is asked for already stays so, up to the first of `ranges` that it skips; these replace what was planned.
  func expect(_ ranges: [Range<UInt64>], from position: UInt64) {
    guard !isReadThrough else { return }
    isSequential = false
    dropParts(behind: firstGap(in: ranges, from: position))
    plan = RangePlan.merged(ranges, from: max(position, parts.last?.end ?? 0))
    clipPlan()
    if ranges.isEmpty { giveBack(from: position) }
  }

  /// Gives the ring's memory back when everything that was asked for has been read.
  private func giveBack(from position: UInt64) {
    self.position = position
    dropPassed()
    if parts.isEmpty { ring.discard() }
  }

  /// The reader goes back to `position`: what was asked for and planned is dropped.
  func restart(at position: UInt64) {
    self.position = position
    for part in parts { part.isDropped = true }
    isSequential = false
    plan = []
    if isReadThrough {
      _ = readThrough()
    } else {
      parts = []
    }
  }

  /// The first byte of `ranges`, from `position` on, that no part brings.
  private func firstGap(in ranges: [Range<UInt64>], from position: UInt64) -> UInt64? {
    for range in ranges where range.upperBound > position {
      var next = max(range.lowerBound, position)
      while next < range.upperBound {
        guard let part = parts.first(where: { $0.start <= next && next < $0.end }) else {
          return next
        }
        next = part.end
      }
    }
    return nil
  }

  /// Parts come in ascending order, so none can be asked for in front of one that is there.
  private func dropParts(behind offset: UInt64?) {
    guard let offset else { return }
    while let last = parts.last, last.start > offset {
      last.isDropped = true
      parts.removeLast()
      ringEnd = last.ringStart
    }
  }

  /// Copies what is there of the bytes from `position` on, which moves back only by `restart`; 0 when none is yet. What stands
  /// before them is dropped, and what nobody has asked for is planned.
  func take(at position: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    self.position = position
    dropPassed()
    cover()
    guard let part = parts.first, part.start + part.taken == position else { return 0 }
    let place = Int((part.ringStart + part.taken) % FetchWindow.byteCount)
    let count = min(
      buffer.count, Int(part.received - part.taken), Int(FetchWindow.byteCount) - place)
    buffer.copyMemory(from: UnsafeRawBufferPointer(ring.slice(place, count)))
    part.taken += UInt64(count)
    return count
  }

  private func dropPassed() {
    while let part = parts.first {
      if part.end <= position {
        parts.removeFirst().isDropped = true
        continue
      }
      let reached = part.start + part.taken
      if reached < position { part.taken += min(part.received - part.taken, position - reached) }
      break
    }
    let passed = plan.prefix { $0.upperBound <= position }.count
    plan.removeFirst(passed)
    if let range = plan.first, range.lowerBound < position {
      plan[0] = position..<range.upperBound
    }
  }

  private func cover() {
    if let end, position >= end { return }
    if let next = parts.first?.start ?? plan.first?.lowerBound, next <= position {
      return readAhead()
    }
    // What is on its way comes after this, and is asked for again.
    for part in parts { part.isDropped = true }
    plan = parts.map { $0.start..<$0.end } + plan
    parts = []
    let goesOn = isSequential && position == sequentialEnd
    ahead = goesOn ? min(ahead * 4, FetchWindow.byteCount) : FetchWindow.firstAhead
    isSequential = true
    sequentialEnd = min(after(position), plan.first?.lowerBound ?? UInt64.max)
    plan.insert(position..<sequentialEnd, at: 0)
    clipPlan()
  }

  /// Who has read half of what was asked for goes on reading.
  private func readAhead() {
    guard isSequential, plan.isEmpty, let last = parts.last, !last.isOpen,
      last.end < end ?? UInt64.max, last.end - position <= ahead / 2
    else { return }
    ahead = min(ahead * 4, FetchWindow.byteCount)
    sequentialEnd = after(last.end)
    plan.append(last.end..<sequentialEnd)
    clipPlan()
  }

  private func after(_ offset: UInt64) -> UInt64 {
    let (sum, isTooFar) = offset.addingReportingOverflow(ahead)
    return isTooFar ? UInt64.max - 1 : sum
  }

  // MARK: - The fetching side

  /// The parts to be asked for now, in order, where `limit` may be in flight.
  func begin(limit: Int, now: Int64) -> [FetchPart] {
    var begun: [FetchPart] = []
    var active = activeCount
    while active < limit, let part = nextPart(isAlone: limit == 1, now: now) {
      part.state = .active
      begun.append(part)
      active += 1
    }
    return begun
  }

  /// Whether `begin` may give something.
  func canBegin(limit: Int, now: Int64) -> Bool {
    activeCount < limit && (nextPiece != nil || parts.contains { isDue($0, now) })
  }

  private var activeCount: Int { parts.count { $0.state == .active } }

  /// When the first part that has to wait for another try may have it.
  func nextTry(after now: Int64) -> Int64? {
    parts.compactMap {
      if case .waiting(let until) = $0.state, until > now { until } else { nil }
    }.min()
  }

  private func isDue(_ part: FetchPart, _ now: Int64) -> Bool {
    if case .waiting(let until) = part.state { until <= now } else { false }
  }

  /// One that is alone shall be the first that is missing: without it nothing goes on.
  private func nextPart(isAlone: Bool, now: Int64) -> FetchPart? {
    if isAlone, let first = parts.first(where: { $0.state != .complete }) {
      return isDue(first, now) ? first : nil
    }
    if let due = parts.first(where: { isDue($0, now) }) { return due }
    guard let piece = nextPiece else { return nil }
    if parts.isEmpty { ringEnd = 0 }
    let part = FetchPart(piece, ringStart: ringEnd)
    ringEnd += piece.upperBound - piece.lowerBound
    plan[0] = piece.upperBound..<plan[0].upperBound
    if plan[0].isEmpty { plan.removeFirst() }
    parts.append(part)
    return part
  }

  /// The start of the plan, if there is room for it.
  private var nextPiece: Range<UInt64>? {
    guard let range = plan.first, parts.count < FetchWindow.maximumParts else { return nil }
    let length = min(range.upperBound - range.lowerBound, FetchWindow.pieceBytes)
    guard used + length <= FetchWindow.byteCount else { return nil }
    return range.lowerBound..<range.lowerBound + length
  }

  private var used: UInt64 { parts.first.map { ringEnd - $0.ringStart - $0.taken } ?? 0 }

  /// Bytes of `part` that there is room for.
  func room(for part: FetchPart) -> UInt64 {
    guard part.isOpen else { return part.missing }
    return FetchWindow.byteCount - (part.received - part.taken)
  }

  /// Takes `bytes`, for which there is room. What nobody wants any more is counted and not kept.
  func store(_ bytes: UnsafeRawBufferPointer, in part: FetchPart) {
    if !part.isDropped {
      let place = Int((part.ringStart + part.received) % FetchWindow.byteCount)
      let first = min(bytes.count, Int(FetchWindow.byteCount) - place)
      ring.slice(place, first).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<first]))
      ring.slice(0, bytes.count - first)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[first...]))
    }
    part.received += UInt64(bytes.count)
    part.fruitless = 0
    if part.missing == 0 { part.state = .complete }
  }

  /// The file ends at `offset`: nothing is asked for from there on.
  func limit(to offset: UInt64) {
    end = offset
    for part in parts where part.end > offset && !part.isOpen {
      part.end = max(part.next, offset)
      if part.missing == 0 { part.state = .complete }
    }
    clipPlan()
  }

  private func clipPlan() {
    guard let end else { return }
    plan = plan.filter { $0.lowerBound < end }
    if let last = plan.last, last.upperBound > end {
      plan[plan.count - 1] = last.lowerBound..<end
    }
  }

  /// The file is read through from where the reader stands: the server gives no parts of it.
  var isReadThrough: Bool { parts.last?.isOpen == true }

  func readThrough() -> FetchPart {
    for part in parts { part.isDropped = true }
    ringEnd = 0
    plan = []
    let part = FetchPart(position..<UInt64.max, ringStart: 0)
    parts = [part]
    return part
  }

  /// An open part has ended with the file.
  func close(_ part: FetchPart) {
    part.end = part.next
    end = part.next
    part.state = .complete
  }
}
