internal import SlotCore

/// Carries out a plan: the calling thread reads the bundle, others verify, decode and write. The buffers
/// between them are all the memory that this takes, and the back-pressure from the disk to the server.
struct SlotWriting: Sendable {
  let table: FrameTable
  let spans: FrameSpans
  let device: any SlotDevice
  let head: SlotHead
  let cancellation: Cancellation

  private enum Job: Sendable {
    case frames(Range<Int>, AlignedBuffer)
    case zeros(Range<UInt64>)
  }

  /// Zeros are written in ranges of this size, so that Ctrl-C does not wait for a whole disk.
  private static let zeroBytes: UInt64 = 64 << 20

  init(
    _ table: FrameTable, _ artefact: Artefact, _ device: any SlotDevice, _ head: SlotHead,
    _ cancellation: Cancellation
  ) {
    self.table = table
    spans = FrameSpans(artefact)
    self.device = device
    self.head = head
    self.cancellation = cancellation
  }

  /// Writes all of `plan` but the head. Returns when every write has been made; nothing is flushed.
  ///
  /// - Throws: `BundleFailure`, `SourceFailure`, `SlotFailure`, `CancellationFailure`.
  func run(
    _ plan: InstallPlan, from bundle: OpenedBundle, progress: (UInt64) -> Void
  ) throws {
    let workers = Threads.workerCount
    let jobs = BoundedQueue<Job>(capacity: workers)
    let buffers = BoundedQueue<AlignedBuffer>(capacity: workers * 2)
    for _ in 0..<workers * 2 {
      _ = buffers.put(AlignedBuffer(byteCount: spans.byteCapacity))
    }
    let failure = FirstError()
    // One worker is enough; none would leave the reader waiting for ever.
    let handles = (0..<workers).compactMap { _ in
      Threads.start { [self] in
        do { try work(jobs, buffers) } catch {
          failure.record(error)
          jobs.abandon()
          buffers.abandon()
        }
      }
    }
    guard !handles.isEmpty else {
      throw SlotFailure(
        .writeFailed, "cannot start a thread to write with",
        hint: "end other programs, or raise their limits, and run the command again")
    }
    do {
      try feed(plan, from: bundle, jobs, buffers, progress)
    } catch {
      failure.record(error)
      jobs.abandon()
    }
    jobs.close()
    for handle in handles { handle.join() }
    try failure.rethrow()
  }

  // MARK: - The reading thread

  private func feed(
    _ plan: InstallPlan, from bundle: OpenedBundle, _ jobs: BoundedQueue<Job>,
    _ buffers: BoundedQueue<AlignedBuffer>, _ progress: (UInt64) -> Void
  ) throws {
    var done: UInt64 = 0
    for run in plan.runs where run.source != .target {
      let image = table.imageRange(run.frames)
      if run.source == .zero {
        for start in stride(
          from: image.lowerBound, to: image.upperBound, by: Int(SlotWriting.zeroBytes))
        {
          try cancellation.check()
          let end = min(image.upperBound, start + SlotWriting.zeroBytes)
          guard jobs.put(.zeros(start..<end)) else { return }
          done += end - start
          progress(done)
        }
        continue
      }
      for piece in spans.pieces(of: run.frames) {
        try cancellation.check()
        guard let buffer = buffers.take() else { return }
        try readStored(piece, into: buffer, from: bundle)
        guard jobs.put(.frames(piece, buffer)) else { return }
        let range = table.imageRange(piece)
        done += range.upperBound - range.lowerBound
        progress(done)
      }
    }
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

  private func work(_ jobs: BoundedQueue<Job>, _ buffers: BoundedQueue<AlignedBuffer>) throws {
    let plain = AlignedBuffer(byteCount: spans.byteCapacity)
    let decoder = FrameDecoder()
    while let job = jobs.take() {
      switch job {
      case .zeros(let range): try writeZeros(range)
      case .frames(let frames, let stored):
        let count = try decode(frames, stored, into: plain, decoder)
        try write(UnsafeRawBufferPointer(plain.prefix(count)), at: table[frames.lowerBound])
        _ = buffers.put(stored)
      }
    }
  }

  /// Only bytes whose digest matched reach the decoder.
  private func decode(
    _ frames: Range<Int>, _ stored: AlignedBuffer, into plain: AlignedBuffer,
    _ decoder: borrowing FrameDecoder
  ) throws -> Int {
    let first = table[frames.lowerBound]
    var count = 0
    for index in frames {
      let frame = table[index]
      let bytes = UnsafeRawBufferPointer(
        stored.slice(Int(frame.payloadOffset - first.payloadOffset), frame.storedLength))
      guard Digest(of: bytes) == frame.storedDigest else {
        throw SlotWriting.damaged(index)
      }
      try decoder.decode(bytes, codec: frame.codec, into: plain.slice(count, frame.length))
      count += frame.length
    }
    return count
  }

  static func damaged(_ frame: Int) -> BundleFailure {
    BundleFailure(
      .damagedFrame, "the bundle is damaged in frame \(frame) of its payload",
      hint: "fetch the bundle again, and tell its publisher if that does not help")
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at frame: Frame) throws {
    guard frame.index == 0 else { return try device.write(bytes, at: frame.imageOffset) }
    head.take(from: bytes)
    let rest = UnsafeRawBufferPointer(rebasing: bytes[head.count...])
    if !rest.isEmpty { try device.write(rest, at: UInt64(head.count)) }
  }

  private func writeZeros(_ range: Range<UInt64>) throws {
    var start = range.lowerBound
    if start == 0 {
      let zeros = AlignedBuffer(byteCount: head.count)
      zeros.bytes.initializeMemory(as: UInt8.self, repeating: 0)
      head.take(from: UnsafeRawBufferPointer(zeros.bytes))
      start = UInt64(head.count)
    }
    if start < range.upperBound {
      try device.writeZeros(at: start, count: range.upperBound - start)
    }
  }
}
