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
  private let target: TargetWriter
  private var base: InstalledBase?
  private var rebuild: RebuildSource?

  /// `base` is the booted slot.
  init(
    _ bundle: OpenedBundle, _ artefact: Artefact, _ device: any SlotDevice, base: InstalledBase?,
    _ cancellation: Cancellation, _ observer: @escaping InstallObserver
  ) throws {
    self.bundle = bundle
    self.artefact = artefact
    self.device = device
    self.base = base
    self.cancellation = cancellation
    self.observer = observer
    table = try bundle.frames(of: artefact)
    head = SlotHead(imageLength: artefact.length)
    target = TargetWriter(device, head: head)
  }

  private var reading: SlotReading { SlotReading(table, artefact, device, cancellation) }

  /// With `mayHoldImage` the target is read first, for what an earlier run has left there.
  mutating func plan(mayHoldImage: Bool) throws -> InstallPlan {
    var matching: [Bool]?
    if mayHoldImage {
      let meter = Meter(.comparing, total: artefact.length, bundle.reader, observer)
      matching = try meter.following { report in
        try reading.matchingFrames(head: head, progress: report)
      }
    }
    let inTarget = { (index: Int) in matching?[index] ?? false }
    let whole = InstallPlan(table, inTarget: inTarget)
    guard let base else { return whole }
    let search = RebuildSearch(
      bundle: bundle, artefact: artefact, table: table, cancellation: cancellation,
      observer: observer)
    rebuild = try search.source(from: base, wanted: whole.fetchBytes)
    return rebuild.map { InstallPlan(table, recipes: $0.recipes, inTarget: inTarget) } ?? whole
  }

  /// After disarm: no bootloader finds a kernel in this slot until `writeHead`.
  func clearHead() throws {
    try device.writeZeros(at: 0, count: UInt64(head.count))
    try device.flush()
  }

  /// To be called once.
  ///
  /// Patches stand before frames in the bundle, so what could not be rebuilt is still ahead; of recipes that take parts of
  /// frames the source is one that can go back.
  mutating func write(_ plan: InstallPlan) throws {
    var (done, shown): (UInt64, UInt64) = (0, 0)
    func report(_ count: UInt64) {
      // Never back, though frames that were missed are done once more.
      shown = max(shown, min(done + count, plan.writeBytes))
      observer(
        .progress(
          .writing, done: shown, total: plan.writeBytes, fetched: bundle.reader.bytesFetched))
    }
    let frames = plan.frames(from: .base)
    let parts = rebuild.map { frames.flatMap($0.ranges) } ?? []
    let isAhead = rebuild?.isForBase ?? true
    bundle.reader.expect(isAhead ? parts + storedRanges(of: plan) : parts)
    var missed: Set<Int> = []
    let spans = FrameSpans(artefact)
    if let rebuild, !frames.isEmpty {
      let rebuilding = SlotRebuilding(
        table: table, spans: spans, source: rebuild, target: target, cancellation: cancellation)
      missed = try rebuilding.run(plan, from: bundle, progress: report)
      done = frames.reduce(0) { $0 + (missed.contains($1) ? 0 : UInt64(table[$1].length)) }
      if !missed.isEmpty, rebuild.isForBase {
        observer(
          .warning(
            "the booted slot is not what it should be in \(missed.count) places; they are fetched whole"
          ))
      }
    }
    let fetched = Set(plan.frames(from: .bundle)).union(plan.frames(from: .zero)).union(missed)
    let rest = InstallPlan(table) { !fetched.contains($0) }
    if !missed.isEmpty || !isAhead { try expect(storedRanges(of: rest)) }
    let writing = SlotWriting(
      table: table, spans: spans, target: target, cancellation: cancellation)
    try writing.run(rest, from: bundle, progress: report)
    try bundle.checkEnd()
    // What reading the slot back takes comes instead of what this took.
    bundle.reader.expect([])
    (rebuild, base) = (nil, nil)
    observer(.written(target.written, fetched: bundle.reader.bytesFetched))
  }

  /// From where the reader stands, or from before that.
  private func expect(_ ranges: [Range<UInt64>]) throws {
    if let start = ranges.first?.lowerBound, start < bundle.reader.position {
      try bundle.reader.skip(to: start)
    }
    bundle.reader.expect(ranges)
  }

  /// What was moved so far, for the record.
  func figures(_ plan: InstallPlan, milliseconds: Int64) -> UpdateFigures {
    let fetched = bundle.reader.bytesFetched
    return UpdateFigures(
      fetchedBytes: fetched, savedBytes: plan.savedBytes(fetched: fetched),
      writtenBytes: target.written, milliseconds: milliseconds)
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
