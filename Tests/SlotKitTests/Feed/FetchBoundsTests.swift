import Foundation
import SlotCore
import Testing

@testable import SlotKit

@Suite struct FetchBoundsTests {
  private func options(limitRate: Int = 0) -> HTTPOptions {
    var options = HTTPOptions(Configuration())
    options.limitRate = limitRate
    options.stallTimeoutSeconds = 1
    options.retries = 0
    return options
  }

  /// Seconds that a fetch may take, as far as the clock has gone on meanwhile.
  private func seconds(_ bytes: Int64, limitRate: Int = 0) -> ClosedRange<Int64> {
    let before = BootClock.now()
    let deadline = FetchBounds(maximumBytes: bytes, options(limitRate: limitRate)).deadline
    return (deadline - BootClock.now()) / 1000...(deadline - before) / 1000
  }

  @Test func aFetchMayTakeAMinuteAndItsBytes() {
    #expect(seconds(0).contains(60))
    #expect(seconds(16 << 10).contains(76))
    #expect(seconds(16 << 10, limitRate: 512).contains(60 + 64))
    #expect(seconds(16 << 10, limitRate: 1).contains(60 + (16 << 10)))
    #expect(FetchBounds(maximumBytes: -1, options()).maximumBytes == 0)
    #expect(FetchBounds(maximumBytes: .max, options()).deadline > 0)
  }

  /// A server that takes connections and says nothing. The stall is given up too, but by another sentence.
  @Test func whatTakesTooLongIsGivenUp() throws {
    let listener = try SilentServer()
    let url = "http://127.0.0.1:\(listener.port)/x"
    let reader = HTTPReader(
      url, options(), Cancellation(), bounds: FetchBounds(maximumBytes: 9, deadline: 0))
    let buffer = AlignedBuffer(byteCount: 4096)
    let failure = #expect(throws: SourceFailure.self) {
      _ = try reader.read(into: buffer.prefix(9))
    }
    #expect(failure?.message == "the fetch of \(url) is too slow")
  }
}

/// A listening socket: the kernel takes connections for it, and nobody answers.
private final class SilentServer {
  let port: UInt16
  private let listener: Int32

  init() throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
  }

  deinit { close(listener) }
}
