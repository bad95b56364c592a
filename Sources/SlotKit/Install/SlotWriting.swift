internal import SlotCore

/// Writes what a plan takes from the bundle, and zeros: the calling thread reads the bundle, others verify, decode
/// and write.
struct SlotWriting: Sendable {
  let table: FrameTable
  let spans: FrameSpans
  let target: TargetWriter
  let cancellation: Cancellation

  private enum Job: Sendable {
    case frames(Range<Int>, AlignedBuffer)
    case zeros(Range<UInt64>)
  }

  /// Zeros are written in ranges of this size, so that neither Ctrl-C nor other programs wait for a whole disk.
  private static let zeroBytes: UInt64 = 512 << 10
  /// What is read of the target at a time.
  private static let comparedBytes = 256 << 10

  /// Writes all of `plan` but the head. Returns when every write has been made; nothing is flushed.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `SlotFailure`, `CancellationFailure`.
  func run(
    _ plan: InstallPlan, from bundle: OpenedBundle, progress: (UInt64) -> Void
  ) throws {
    let capacity = spans.byteCapacity
    try Pipeline.run(
      bufferBytes: capacity, workers: cancellation.workerCount,
      feed: { try feed(plan, from: bundle, $0, progress) },
      worker: { () -> (Job) throws -> AlignedBuffer? in
        let plain = AlignedBuffer(byteCount: capacity)
        let there = AlignedBuffer(byteCount: min(capacity, SlotWriting.comparedBytes))
        let decoder = FrameDecoder()
        return { try perform($0, plain, there, decoder) }
      })
  }

  // MARK: - The reading thread

  private func feed(
    _ plan: InstallPlan, from bundle: OpenedBundle, _ pipeline: Pipeline<Job>,
    _ progress: (UInt64) -> Void
  ) throws {
    var done: UInt64 = 0
    for run in plan.runs {
      let image = table.imageRange(run.frames)
      switch run.source {
      case .target, .base: continue
      case .zero:
        for start in stride(
          from: image.lowerBound, to: image.upperBound, by: Int(SlotWriting.zeroBytes))
        {
          try cancellation.check()
          let end = min(image.upperBound, start + SlotWriting.zeroBytes)
          guard pipeline.put(.zeros(start..<end)) else { return }
          done += end - start
          progress(done)
        }
      case .bundle:
        for piece in jobs(of: run.frames) {
          try cancellation.check()
          guard let buffer = pipeline.takeBuffer() else { return }
          try readStored(piece, into: buffer, from: bundle)
          guard pipeline.put(.frames(piece, buffer)) else { return }
          let range = table.imageRange(piece)
          done += range.upperBound - range.lowerBound
          progress(done)
        }
      }
    }
  }

  /// Frames that are digested together, as many as have room in a buffer as they are stored: compressed ones mostly do.
  private func jobs(of frames: Range<Int>) -> [Range<Int>] {
    var jobs: [Range<Int>] = []
    var (start, stored) = (frames.lowerBound, 0)
    for index in frames {
      let count = table[index].storedLength
      let image = table.imageRange(start..<index + 1)
      let isTooLong = image.upperBound - image.lowerBound > FrameSpans.digestedBytes
      if index > start, isTooLong || stored + count > spans.byteCapacity {
        jobs.append(start..<index)
        (start, stored) = (index, 0)
      }
      stored += count
    }
    return jobs + [start..<frames.upperBound]
  }

  private func readStored(
    _ frames: Range<Int>, into buffer: AlignedBuffer, from bundle: OpenedBundle
  ) throws {
    let first = table[frames.lowerBound]
    let last = table[frames.upperBound - 1]
    let count = Int(last.payloadOffset - first.payloadOffset) + last.storedLength
    try bundle.reader.skip(to: bundle.offset(of: first))
    try bundle.reader.fill(buffer.prefix(count), of: bundle.length)
  }

  // MARK: - The writing threads

  /// Gives the job's buffer back.
  private func perform(
    _ job: Job, _ plain: AlignedBuffer, _ there: AlignedBuffer, _ decoder: borrowing FrameDecoder
  ) throws -> AlignedBuffer? {
    switch job {
    case .zeros(let range):
      try target.writeZeros(range, comparingIn: there)
      return nil
    case .frames(let frames, let stored):
      var rest = try verified(frames, in: stored)[...]
      for piece in spans.pieces(of: frames) {
        var count = 0
        for (frame, bytes) in rest.prefix(piece.count) {
          try decoder.decode(bytes, codec: frame.codec, into: plain.slice(count, frame.length))
          count += frame.length
        }
        rest = rest.dropFirst(piece.count)
        try target.write(
          UnsafeRawBufferPointer(plain.prefix(count)), at: table[piece.lowerBound].imageOffset,
          comparingIn: there)
      }
      return stored
    }
  }

  /// What the bundle has of each frame. Only bytes whose digest matched reach the decoder.
  private func verified(
    _ frames: Range<Int>, in stored: AlignedBuffer
  ) throws -> [(Frame, UnsafeRawBufferPointer)] {
    let first = table[frames.lowerBound]
    let contents = frames.map { index in
      let frame = table[index]
      let start = Int(frame.payloadOffset - first.payloadOffset)
      return (frame, UnsafeRawBufferPointer(stored.slice(start, frame.storedLength)))
    }
    for (digest, (frame, _)) in zip(Digest.each(of: contents.map { $1 }), contents) {
      guard digest == frame.storedDigest else { throw SlotWriting.damaged(frame.index) }
    }
    return contents
  }

  static func damaged(_ frame: Int) -> BundleFailure {
    BundleFailure(
      .damagedFrame, "the bundle is damaged in frame \(frame) of its payload",
      hint: "fetch the bundle again, and tell its publisher if that does not help")
  }
}
