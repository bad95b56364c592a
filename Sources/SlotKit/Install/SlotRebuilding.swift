internal import SlotCore

/// What rebuilds frames: recipes, the image that they start from, and where their patches stand.
struct RebuildSource: Sendable {
  let delta: DeltaTable
  /// The booted slot.
  let base: any SlotDevice
  /// Bytes from the start of the bundle to the first patch.
  let patchesOffset: UInt64

  /// Where the patch of frame `index` stands in the bundle; nil when it has none.
  func patchRange(of index: Int) -> Range<UInt64>? {
    guard let patch = delta[index]?.patch else { return nil }
    let start = patchesOffset + delta.payloadOffset(of: index)
    return start..<start + UInt64(patch.storedLength)
  }
}

/// Puts frames together from the booted slot and patches, and writes the blocks in which the target differs. The
/// calling thread reads the patches, others decode, prove and write.
struct SlotRebuilding: Sendable {
  let table: FrameTable
  let source: RebuildSource
  let frameSize: Int
  let device: any SlotDevice
  let head: SlotHead
  let cancellation: Cancellation

  /// What came of it.
  struct Outcome: Sendable {
    /// Frames that did not match their digest: the booted slot is not what the ledger says or cannot be read, or the
    /// bundle is damaged in a patch.
    var missed: [Int] = []
    /// Bytes written.
    var written: UInt64 = 0
  }

  private struct Job: Sendable {
    let index: Int
    /// Nil for a frame of zeros.
    let recipe: FrameRecipe?
    let patch: AlignedBuffer
  }

  /// - Throws: `BundleFailure`, `SourceFailure`, `SlotFailure`, `CancellationFailure`.
  func run(
    _ frames: [Int], from bundle: OpenedBundle, progress: (UInt64) -> Void
  ) throws -> Outcome {
    let tally = RebuildTally()
    let capacity = frameSize
    try Pipeline.run(
      bufferBytes: capacity,
      feed: { pipeline in
        var done: UInt64 = 0
        for index in frames {
          try cancellation.check()
          guard let buffer = pipeline.takeBuffer() else { return }
          let recipe = source.delta[index]
          if let range = source.patchRange(of: index) {
            try bundle.reader.skip(to: range.lowerBound)
            try bundle.reader.fill(buffer.prefix(range.count), of: bundle.length)
          }
          guard pipeline.put(Job(index: index, recipe: recipe, patch: buffer)) else { return }
          done += UInt64(table[index].length)
          progress(done)
        }
      },
      worker: { () -> (Job) throws -> AlignedBuffer in
        let bench = RebuildBench(frameSize: capacity)
        return { job in
          if try rebuild(job, bench) {
            tally.add(written: try writeDifferences(job, bench, tally))
          } else {
            tally.add(missed: job.index)
          }
          return job.patch
        }
      })
    return tally.outcome
  }

  // MARK: - The working threads

  /// False when the frame is not what it has to be.
  private func rebuild(_ job: Job, _ bench: RebuildBench) throws -> Bool {
    let frame = table[job.index]
    let plain = bench.plain.prefix(frame.length)
    guard let recipe = job.recipe else {
      plain.initializeMemory(as: UInt8.self, repeating: 0)
      return frame.codec == .zero
    }
    if let patch = recipe.patch {
      let stored = UnsafeRawBufferPointer(job.patch.prefix(patch.storedLength))
      // The bundle has the whole frame too, so damage here is no reason to give up.
      guard Digest(of: stored) == patch.storedDigest else { return false }
      guard readsBase(patch.windows, into: bench.prefix),
        bench.decoder.decode(
          patch: stored, prefix: UnsafeRawBufferPointer(bench.prefix.prefix(patch.prefixLength)),
          into: bench.patched.prefix(recipe.patchedLength))
      else { return false }
    }
    guard assemble(recipe, into: plain, patched: bench.patched) else { return false }
    return Digest(of: UnsafeRawBufferPointer(plain)) == frame.plainDigest
  }

  private func readsBase(_ windows: [Range<UInt64>], into buffer: AlignedBuffer) -> Bool {
    var count = 0
    for window in windows {
      let length = Int(window.upperBound - window.lowerBound)
      guard readsBase(at: window.lowerBound, into: buffer.slice(count, length)) else {
        return false
      }
      count += length
    }
    return true
  }

  /// A booted slot that cannot be read in places is no reason to give up: the bundle has the frame.
  private func readsBase(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    do { try source.base.read(into: buffer, at: offset) } catch { return false }
    return true
  }

  private func assemble(
    _ recipe: FrameRecipe, into plain: UnsafeMutableRawBufferPointer, patched: AlignedBuffer
  ) -> Bool {
    var (done, used) = (0, 0)
    for segment in recipe.segments {
      let place = UnsafeMutableRawBufferPointer(rebasing: plain[done..<done + segment.length])
      switch segment.source {
      case .zero: place.initializeMemory(as: UInt8.self, repeating: 0)
      case .patch:
        place.copyMemory(from: UnsafeRawBufferPointer(patched.slice(used, segment.length)))
        used += segment.length
      case .base(let offset):
        guard readsBase(at: offset, into: place) else { return false }
      }
      done += segment.length
    }
    return true
  }

  /// Writes what the target has not. The head is held back; it is zero in the target by now.
  private func writeDifferences(
    _ job: Job, _ bench: RebuildBench, _ tally: RebuildTally
  ) throws -> UInt64 {
    let frame = table[job.index]
    let plain = UnsafeRawBufferPointer(bench.plain.prefix(frame.length))
    var start = 0
    if job.index == 0 {
      head.take(from: plain)
      start = head.count
    }
    let there = tally.isWorthComparing(job.index) ? readTarget(frame, bench) : nil
    var written: UInt64 = 0
    for range in BlockDifferences(plain, there, from: start) {
      let place = frame.imageOffset + UInt64(range.lowerBound)
      if job.recipe == nil {
        try device.writeZeros(at: place, count: UInt64(range.count))
      } else {
        try device.write(UnsafeRawBufferPointer(rebasing: plain[range]), at: place)
      }
      written += UInt64(range.count)
    }
    if there != nil, job.recipe != nil {
      tally.add(comparedWithSuccess: written < UInt64(frame.length - start))
    }
    return written
  }

  /// Nil when it cannot be read: it may become readable when it is written.
  private func readTarget(_ frame: Frame, _ bench: RebuildBench) -> UnsafeRawBufferPointer? {
    let there = bench.target.prefix(frame.length)
    do { try device.read(into: there, at: frame.imageOffset) } catch { return nil }
    return UnsafeRawBufferPointer(there)
  }
}

/// The buffers of one working thread.
private final class RebuildBench {
  let plain: AlignedBuffer
  let patched: AlignedBuffer
  let target: AlignedBuffer
  let prefix = AlignedBuffer(byteCount: BundleLimits.patchPrefixBytes)
  let decoder = FrameDecoder()

  init(frameSize: Int) {
    plain = AlignedBuffer(byteCount: frameSize)
    patched = AlignedBuffer(byteCount: frameSize)
    target = AlignedBuffer(byteCount: frameSize)
  }
}

/// What has come of the frames so far.
///
/// `@unchecked Sendable`: the variables are only touched inside `monitor`.
private final class RebuildTally: @unchecked Sendable {
  /// After so many frames without a block in common the target is taken for unrelated: reading it would take as long
  /// as writing it. One frame in `sampling` is compared all the same.
  private static let patience = 64
  private static let sampling = 16

  private let monitor = Monitor()
  private var result = SlotRebuilding.Outcome()
  private var compared = 0
  private var hasSome = false

  func add(written: UInt64) { monitor.locked { result.written += written } }
  func add(missed index: Int) { monitor.locked { result.missed.append(index) } }
  var outcome: SlotRebuilding.Outcome { monitor.locked { result } }

  func add(comparedWithSuccess isSuccess: Bool) {
    monitor.locked {
      compared += 1
      hasSome = hasSome || isSuccess
    }
  }

  func isWorthComparing(_ index: Int) -> Bool {
    monitor.locked {
      hasSome || compared < RebuildTally.patience
        || index.isMultiple(of: RebuildTally.sampling)
    }
  }
}

/// The ranges of whole blocks in which two buffers differ; all, when there is nothing to compare with.
struct BlockDifferences: Sequence, IteratorProtocol {
  private let new: UnsafeRawBufferPointer
  private let old: UnsafeRawBufferPointer?
  private var position: Int

  init(_ new: UnsafeRawBufferPointer, _ old: UnsafeRawBufferPointer?, from start: Int) {
    self.new = new
    self.old = old
    position = start
  }

  mutating func next() -> Range<Int>? {
    let block = BundleLimits.blockBytes
    while position < new.count, !differs(at: position) { position += block }
    let start = position
    while position < new.count, differs(at: position) { position += block }
    let end = Swift.min(position, new.count)
    return start < end ? start..<end : nil
  }

  private func differs(at offset: Int) -> Bool {
    guard let old else { return true }
    let range = offset..<Swift.min(offset + BundleLimits.blockBytes, new.count)
    return !UnsafeRawBufferPointer(rebasing: new[range]).isEqual(
      to: UnsafeRawBufferPointer(rebasing: old[range]))
  }
}
