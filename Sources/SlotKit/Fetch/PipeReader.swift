internal import Glibc
internal import SlotCore
internal import SystemPackage

/// A bundle on standard input.
final class PipeReader: BundleReader {
  let name = "standard input"
  let totalLength: UInt64? = nil
  private(set) var position: UInt64 = 0
  var bytesFetched: UInt64 { position }
  private let cancellation: Cancellation

  init(_ cancellation: Cancellation) { self.cancellation = cancellation }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count {
      try waitForInput()
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count: Int
      do { count = try FileDescriptor.standardInput.read(into: rest) } catch {
        throw SourceFailure(
          .unreadable, "cannot read standard input: \(error)", hint: "check what feeds the pipe",
          systemError: (error as? Errno)?.rawValue)
      }
      if count == 0 { break }
      done += count
      position += UInt64(count)
    }
    return done
  }

  /// A read that blocks could not be cancelled: signals are not delivered to this thread.
  private func waitForInput() throws {
    var request = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    repeat { try cancellation.throwIfCancelled() } while poll(&request, 1, 200) == 0
  }

  func skip(to offset: UInt64) throws { try drop(to: offset) }
}
