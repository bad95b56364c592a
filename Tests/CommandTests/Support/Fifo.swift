import Foundation

/// A FIFO that this process holds open at both ends, so that opening it never waits.
final class Fifo {
  let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
  private let descriptor: Int32

  init() throws {
    mkfifo(path, 0o600)
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw CocoaError(.fileReadUnknown) }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// Returns when all of `bytes` are in the FIFO.
  func write(_ bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { return }
      done += count
    }
  }

  /// At least one byte.
  func read() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    guard count > 0 else { throw CocoaError(.fileReadUnknown) }
    return Array(buffer.prefix(count))
  }
}

/// The events of a command with `--json`, while it runs.
final class EventStream {
  private let fifo: Fifo
  private var pending: [UInt8] = []

  var path: String { fifo.path }

  init() throws { fifo = try Fifo() }

  /// Reads events until one is `wanted`; throws at the end of an install or an error.
  func wait(for wanted: (JSONObject) -> Bool) throws {
    while true {
      let event = try JSONObject(try line())
      if wanted(event) { return }
      if event.text("event") == "finished" || event.text("type") == "error" {
        throw ProgramFailure(words: ["wait"], output: "\(event.members)")
      }
    }
  }

  /// The next line.
  func line() throws -> String {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(end + 1) }
        return String(decoding: pending[..<end], as: UTF8.self)
      }
      pending += try fifo.read()
    }
  }
}
