internal import CLinux
internal import SystemPackage

/// Reads many places of a file at once, each past the page cache: one call to the kernel, and the disk has them all to
/// choose from. It is the kernel's older interface, io_submit(2), which every kernel of the last twenty years has; io_uring is
/// refused by many a container and hardened system.
///
/// Safe for threads: each that reads has a context of its own meanwhile. `@unchecked Sendable`: `idle` is only touched inside
/// `monitor`.
final class ReadsInFlight: @unchecked Sendable {
  /// What one call to the kernel takes.
  static let most = Int(KLINUX_READS)

  private let monitor = Monitor()
  private var idle: [UInt64] = []

  deinit { for context in idle { klinux_reads_end(context) } }

  /// Reads all of `reads` that the kernel takes, and returns those that did not come whole: to be read again, one by one,
  /// where what is wrong with them shows.
  func perform(_ reads: [SlotRead], of file: FileDescriptor) -> [SlotRead] {
    guard let context = takeContext() else { return reads }
    var left: [SlotRead] = []
    var rest = reads[...]
    while !rest.isEmpty {
      let some = rest.prefix(ReadsInFlight.most)
      var asked = some.map {
        klinux_read(
          to: $0.buffer.baseAddress, length: UInt64($0.buffer.count), offset: $0.offset, result: 0)
      }
      guard klinux_reads_all(context, file.rawValue, &asked, asked.count) == 0 else {
        // Nobody may write into the buffers any more.
        klinux_reads_end(context)
        return left + rest
      }
      left += zip(some, asked).filter { $0.buffer.count != $1.result }.map { $0.0 }
      rest = rest.dropFirst(some.count)
    }
    monitor.locked { idle.append(context) }
    return left
  }

  /// Nil where the kernel has no such thing, or too many of it are in use: fs.aio-max-nr.
  private func takeContext() -> UInt64? {
    if let context = monitor.locked({ idle.popLast() }) { return context }
    var context: UInt64 = 0
    return klinux_reads_begin(&context) == 0 ? context : nil
  }
}
