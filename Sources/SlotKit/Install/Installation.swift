internal import SlotCore

/// Steps 3 to 6 of an update for one target slot: plan, write, prove. Boot control and ledger are the caller's.
struct Installation {
  let bundle: OpenedBundle
  let artefact: Artefact
  let table: FrameTable
  let device: any SlotDevice
  let cancellation: Cancellation
  let observer: InstallObserver
  private let head: SlotHead
  private let rebuild: RebuildSource?

  /// `base` is the booted slot, and the digest of the image that it is said to hold.
  init(
    _ bundle: OpenedBundle, _ artefact: Artefact, _ device: any SlotDevice,
    base: (image: Digest, device: any SlotDevice)?,
    _ cancellation: Cancellation, _ observer: @escaping InstallObserver
  ) throws {
    self.bundle = bundle
    self.artefact = artefact
    self.device = device
    self.cancellation = cancellation
    self.observer = observer
    table = try bundle.frames(of: artefact)
    head = SlotHead(imageLength: artefact.length)
    rebuild = try base.flatMap {
      try Installation.source(bundle, artefact, $0.image, $0.device, observer)
    }
  }

  /// What rebuilds the image from `base`, where the bundle has that and the device is large enough.
  private static func source(
    _ bundle: OpenedBundle, _ artefact: Artefact, _ image: Digest, _ base: any SlotDevice,
    _ observer: InstallObserver
  ) throws -> RebuildSource? {
    guard let delta = try bundle.delta(of: artefact, from: image, observer),
      delta.baseLength <= base.byteCount,
      let placed = bundle.manifest.deltaTable(of: artefact, from: image)
    else { return nil }
    return RebuildSource(
      delta: delta, base: base, patchesOffset: bundle.payloadOffset(of: placed))
  }

  private var reading: SlotReading { SlotReading(table, artefact, device, cancellation) }

  /// With `mayHoldImage` the target is read first, for what an earlier run has left there.
  func plan(mayHoldImage: Bool) throws -> InstallPlan {
    guard mayHoldImage else { return InstallPlan(table, delta: rebuild?.delta) { _ in false } }
    let meter = Meter(.comparing, total: artefact.length, bundle.reader, observer)
    let matching = try meter.following { report in
      try reading.matchingFrames(head: head, progress: report)
    }
    return InstallPlan(table, delta: rebuild?.delta) { matching[$0] }
  }

  /// After disarm: no bootloader finds a kernel in this slot until `writeHead`.
  func clearHead() throws {
    try device.writeZeros(at: 0, count: UInt64(head.count))
    try device.flush()
  }

  /// Patches stand before frames in the bundle, so what could not be rebuilt is still ahead.
  func write(_ plan: InstallPlan) throws {
    var (done, shown): (UInt64, UInt64) = (0, 0)
    func report(_ count: UInt64) {
      // Never back, though frames that were missed are done once more.
      shown = max(shown, min(done + count, plan.writeBytes))
      observer(
        .progress(
          .writing, done: shown, total: plan.writeBytes, fetched: bundle.reader.bytesFetched))
    }
    let frames = plan.frames(from: .base)
    bundle.reader.expect(
      frames.compactMap { rebuild?.patchRange(of: $0) } + storedRanges(of: plan))
    var missed: Set<Int> = []
    var written: UInt64 = 0
    if let rebuild, !frames.isEmpty {
      let rebuilding = SlotRebuilding(
        table: table, source: rebuild, frameSize: artefact.frameSize, device: device, head: head,
        cancellation: cancellation)
      let outcome = try rebuilding.run(frames, from: bundle, progress: report)
      missed = Set(outcome.missed)
      written = outcome.written
      done = frames.reduce(0) { $0 + (missed.contains($1) ? 0 : UInt64(table[$1].length)) }
      if !missed.isEmpty {
        observer(
          .warning(
            "the booted slot is not what it should be in \(missed.count) places; they are fetched whole"
          ))
      }
    }
    let fetched = Set(plan.frames(from: .bundle)).union(plan.frames(from: .zero)).union(missed)
    let rest = InstallPlan(table) { !fetched.contains($0) }
    if !missed.isEmpty { bundle.reader.expect(storedRanges(of: rest)) }
    let writing = SlotWriting(table, artefact, device, head, cancellation)
    try writing.run(rest, from: bundle, progress: report)
    try bundle.checkEnd()
    observer(.written(written + rest.writeBytes, fetched: bundle.reader.bytesFetched))
  }

  private func storedRanges(of plan: InstallPlan) -> [Range<UInt64>] {
    plan.runs.filter { $0.source == .bundle }.compactMap { bundle.range(of: $0.frames, in: table) }
  }

  /// Flush, read back everything; then the head, flush, and read back again what holds it.
  func prove() throws {
    try device.flush()
    let meter = Meter(.verifying, total: artefact.length, bundle.reader, observer)
    try meter.following { report in try reading.prove(head: head, progress: report) }
    guard let bytes = head.bytes else {
      throw SlotFailure(.writeFailed, "the first block of the image is missing")
    }
    try device.write(bytes, at: 0)
    try device.flush()
    try reading.prove(spans: 0..<1, head: nil)
  }
}

/// Turns the byte counts of one phase into events.
private struct Meter {
  let phase: WorkPhase
  let total: UInt64
  let reader: any BundleReader
  let observer: InstallObserver

  init(
    _ phase: WorkPhase, total: UInt64, _ reader: any BundleReader,
    _ observer: @escaping InstallObserver
  ) {
    self.phase = phase
    self.total = total
    self.reader = reader
    self.observer = observer
  }

  /// Runs `body`, which reports from the calling thread only.
  func following<Result>(
    _ body: (@escaping @Sendable (UInt64) -> Void) throws -> Result
  ) rethrows -> Result {
    let box = CallingThread(self)
    let result = try body { done in box.report(done) }
    report(total)
    return result
  }

  func report(_ done: UInt64) {
    observer(.progress(phase, done: done, total: total, fetched: reader.bytesFetched))
  }

  /// `@unchecked Sendable`: `Threads.concurrently` runs worker 0, the only one that reports, on the thread that
  /// called it.
  private final class CallingThread: @unchecked Sendable {
    private let meter: Meter
    init(_ meter: Meter) { self.meter = meter }
    func report(_ done: UInt64) { meter.report(done) }
  }
}
