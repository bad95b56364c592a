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
      bufferBytes: spans.byteCapacity, feed: { try feed(plan, from: bundle, $0, progress) },
      worker: { () -> (Job) throws -> AlignedBuffer in
        let assembly = FrameAssembly(table, source, spans)
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
    var wanted: [Int] = []
    for index in job.frames {
      guard let there, look.isWorthwhile() else {
        wanted.append(index)
        continue
      }
      let isThere = keep(index, ifIn: there, from: image.lowerBound)
      look.note(isThere: isThere)
      if !isThere { wanted.append(index) }
    }
    let had = assembly.assemble(wanted, of: job.frames, fetched: job.fetched)
    for frames in sideBySide(had) {
      let place = table.imageRange(frames)
      let start = Int(place.lowerBound - image.lowerBound)
      let range = start..<start + Int(place.upperBound - place.lowerBound)
      let plain = UnsafeRawBufferPointer(assembly.plain.slice(start, range.count))
      let old = there.map { UnsafeRawBufferPointer(rebasing: $0[range]) }
      try target.write(plain, at: place.lowerBound, over: old)
    }
    return wanted.filter { index in
      !had.contains(index)
        && there.map { keep(index, ifIn: $0, from: image.lowerBound) } != true
    }
  }

  /// Whether the target has the frame already.
  private func keep(
    _ index: Int, ifIn there: UnsafeRawBufferPointer, from start: UInt64
  ) -> Bool {
    guard table.matches(index, in: there, from: start) else { return false }
    target.keep(there, at: table[index].imageOffset)
    return true
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
