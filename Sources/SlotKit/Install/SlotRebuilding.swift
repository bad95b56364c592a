internal import SlotCore

/// Puts frames together from the booted slot and the bundle's patches or parts of frames, and writes the blocks in which
/// the target differs. The calling thread reads the bundle, others decode, prove and write.
struct SlotRebuilding: Sendable {
  let table: FrameTable
  let spans: FrameSpans
  let source: RebuildSource
  let target: TargetWriter
  let cancellation: Cancellation

  private struct Job: Sendable {
    let frames: Range<Int>
    /// What the recipes of all `frames` take from the bundle, one after another.
    let fetched: AlignedBuffer
  }

  /// Returns the frames that did not match their digest: the booted slot is not what it is taken for or cannot be
  /// read, a hash has matched by chance, or the bundle is damaged in what was fetched.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `SlotFailure`, `CancellationFailure`.
  func run(
    _ plan: InstallPlan, from bundle: OpenedBundle, progress: (UInt64) -> Void
  ) throws -> Set<Int> {
    let missed = MissedFrames()
    try Pipeline.run(
      bufferBytes: spans.byteCapacity, workers: cancellation.rebuilderCount,
      feed: { try feed(plan, from: bundle, $0, progress) },
      worker: { () -> (Job) throws -> AlignedBuffer in
        let assembly = FrameAssembly(table, source, spans, readsAlone: cancellation.isAlone)
        var look = TargetLook()
        return { job in
          missed.insert(try perform(job, assembly, &look))
          return job.fetched
        }
      })
    return missed.all
  }

  // MARK: - The reading thread

  private func feed(
    _ plan: InstallPlan, from bundle: OpenedBundle, _ pipeline: Pipeline<Job>,
    _ progress: (UInt64) -> Void
  ) throws {
    var done: UInt64 = 0
    for run in plan.runs where run.source == .base {
      for piece in spans.pieces(of: run.frames) {
        try cancellation.check()
        guard let buffer = pipeline.takeBuffer() else { return }
        var count = 0
        for range in piece.flatMap(source.ranges) {
          try bundle.reader.skip(to: range.lowerBound)
          try bundle.reader.fill(buffer.slice(count, range.count), of: bundle.length)
          count += range.count
        }
        guard pipeline.put(Job(frames: piece, fetched: buffer)) else { return }
        let image = table.imageRange(piece)
        done += image.upperBound - image.lowerBound
        progress(done)
      }
    }
  }

  // MARK: - The working threads

  /// Returns the frames that could not be had.
  private func perform(
    _ job: Job, _ assembly: FrameAssembly, _ look: inout TargetLook
  ) throws -> [Int] {
    let image = table.imageRange(job.frames)
    let there = target.read(image, into: assembly.target)
    // Where the target holds something else, it is looked at for a while, and then hardly ever.
    if there == nil { assembly.target.discard() }
    let looked = there == nil ? [] : job.frames.filter { _ in look.isWorthwhile() }
    let kept = keep(looked, ifIn: there, from: image.lowerBound)
    for index in looked { look.note(isThere: kept.contains(index)) }
    let wanted = job.frames.filter { !kept.contains($0) }
    let had = assembly.assemble(wanted, of: job.frames, fetched: job.fetched)
    for frames in sideBySide(had) {
      let place = table.imageRange(frames)
      let start = Int(place.lowerBound - image.lowerBound)
      let range = start..<start + Int(place.upperBound - place.lowerBound)
      let plain = UnsafeRawBufferPointer(assembly.plain.slice(start, range.count))
      let old = there.map { UnsafeRawBufferPointer(rebasing: $0[range]) }
      try target.write(plain, at: place.lowerBound, over: old)
    }
    let missed = wanted.filter { !had.contains($0) }
    let unseen = missed.filter { !looked.contains($0) }
    let keptAfterAll = keep(unseen, ifIn: there, from: image.lowerBound)
    return missed.filter { !keptAfterAll.contains($0) }
  }

  /// Those of `frames` that the target has already.
  private func keep(
    _ frames: [Int], ifIn there: UnsafeRawBufferPointer?, from start: UInt64
  ) -> [Int] {
    guard let there else { return [] }
    let kept = table.matching(frames, in: there, from: start)
    for index in kept { target.keep(there, at: table[index].imageOffset) }
    return kept
  }

  /// Ascending numbers as ranges.
  private func sideBySide(_ frames: [Int]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for index in frames {
      if let last = ranges.last, last.upperBound == index {
        ranges[ranges.count - 1] = last.lowerBound..<index + 1
      } else {
        ranges.append(index..<index + 1)
      }
    }
    return ranges
  }
}

/// Gathered from several threads.
///
/// `@unchecked Sendable`: the variable is only touched inside `monitor`.
private final class MissedFrames: @unchecked Sendable {
  private let monitor = Monitor()
  private var frames: Set<Int> = []

  func insert(_ missed: [Int]) { monitor.locked { frames.formUnion(missed) } }
  var all: Set<Int> { monitor.locked { frames } }
}
