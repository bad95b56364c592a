internal import SlotCore

/// One thread that feeds, and several that work: with a bounded number of jobs and buffers between them, which is
/// all the memory that this takes, and the back-pressure from the disk to the server.
final class Pipeline<Job: Sendable>: Sendable {
  private let jobs: BoundedQueue<Job>
  private let buffers: BoundedQueue<AlignedBuffer>

  private init(workers: Int, bufferBytes: Int) {
    jobs = BoundedQueue(capacity: workers)
    // One to fill, and what the workers have.
    let count = workers + 1
    buffers = BoundedQueue(capacity: count)
    for _ in 0..<count { _ = buffers.put(AlignedBuffer(byteCount: bufferBytes)) }
  }

  /// Nil when a worker has failed.
  func takeBuffer() -> AlignedBuffer? { buffers.take() }

  /// False when a worker has failed.
  func put(_ job: Job) -> Bool { jobs.put(job) }

  /// Runs `feed` on this thread. `worker` is called once on each working thread, and what it returns for each job:
  /// that gives the job's buffer back, if it has one. Returns when all jobs are done, or throws the first error.
  static func run(
    bufferBytes: Int, workers count: Int, feed: (Pipeline) throws -> Void,
    worker: @escaping @Sendable () -> (Job) throws -> AlignedBuffer?
  ) throws {
    let pipeline = Pipeline(workers: count, bufferBytes: bufferBytes)
    let failure = FirstError()
    // One worker is enough; none would leave the feeder waiting for ever.
    let handles = (0..<count).compactMap { _ in
      Threads.start {
        do { try pipeline.work(worker()) } catch {
          failure.record(error)
          pipeline.abandon()
        }
      }
    }
    guard !handles.isEmpty else {
      throw SlotFailure(
        .writeFailed, "cannot start a thread to write with",
        hint: "end other programs, or raise their limits, and run the command again")
    }
    do {
      try feed(pipeline)
    } catch {
      failure.record(error)
      pipeline.abandon()
    }
    pipeline.jobs.close()
    for handle in handles { handle.join() }
    try failure.rethrow()
  }

  private func work(_ perform: (Job) throws -> AlignedBuffer?) throws {
    while let job = jobs.take() {
      if let buffer = try perform(job) { _ = buffers.put(buffer) }
    }
  }

  private func abandon() {
    jobs.abandon()
    buffers.abandon()
  }
}
