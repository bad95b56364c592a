internal import CLinux
internal import SystemPackage

/// Reads many places of a file at once, past the page cache: the disk has them all to choose from. It is the kernel's older
/// interface, `io_submit(2)`; io_uring is refused by many a container and hardened system.
///
/// Safe for threads: each that reads has a context of its own meanwhile. `@unchecked Sendable`: `idle` is only touched inside
/// `monitor`.
final class ReadsInFlight: @unchecked Sendable {
  /// What one call to the kernel takes.
  static let most = Int(KLINUX_READS)

  private let monitor = Monitor()
  private var idle: [UInt64] = []

  /// `io_destroy(2)` waits 30 ms for each context, for the kernel's own reasons; nobody has to wait for that. What is left of
  /// them ends with the process.
  deinit {
    guard !idle.isEmpty else { return }
    Threads.start { [idle] in for context in idle { klinux_reads_end(context) } }?.detach()
  }

  /// Reads what the kernel takes of `reads`, and returns the numbers of those that did not come whole: to be read again, one by
  /// one, where what is wrong with them shows.
  func perform(_ reads: [SlotRead], of file: FileDescriptor) -> [Int] {
    guard let context = takeContext() else { return Array(reads.indices) }
    var left: [Int] = []
    for start in stride(from: 0, to: reads.count, by: ReadsInFlight.most) {
      let numbers = start..<min(start + ReadsInFlight.most, reads.count)
      var asked = reads[numbers].map {
        klinux_read(
          to: $0.buffer.baseAddress, length: UInt64($0.buffer.count), offset: $0.offset, result: 0)
      }
      guard klinux_reads_all(context, file.rawValue, &asked, asked.count) == 0 else {
        // Waits until the kernel writes into no buffer any more.
        klinux_reads_end(context)
        return left + Array(start..<reads.count)
      }
      left += zip(numbers, asked).filter { reads[$0].buffer.count != $1.result }.map { $0.0 }
    }
    monitor.locked { idle.append(context) }
    return left
  }

  /// Nil where the kernel was built without such contexts, or too many of them are in use: fs.aio-max-nr.
  private func takeContext() -> UInt64? {
    if let context = monitor.locked({ idle.popLast() }) { return context }
    var context: UInt64 = 0
    return klinux_reads_begin(&context) == 0 ? context : nil
  }
}
