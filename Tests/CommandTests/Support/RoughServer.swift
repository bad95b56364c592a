import Foundation

/// One answer of a `RoughServer`, byte for byte.
struct RoughAnswer: Sendable {
  enum Ending: Sendable {
    case close
    /// Nothing more comes, and the connection stays open.
    case stall
  }

  var bytes: [UInt8]
  var ending = Ending.close

  init(_ status: String, _ headers: [String] = [], body: [UInt8] = [], ending: Ending = .close) {
    let lines = ["HTTP/1.1 \(status)", "Connection: close"] + headers
    bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    self.ending = ending
  }

  /// What a good server answers to `request`, cut off `after` so many bytes of the body.
  static func file(
    _ file: [UInt8], _ request: RoughRequest, tag: String = "\"one\"", after: Int? = nil,
    ending: Ending = .close
  ) -> RoughAnswer {
    let start = request.rangeStart ?? 0
    let end = min(file.count, request.rangeEnd ?? file.count)
    let rest = end - start
    let range = "Content-Range: bytes \(start)-\(end - 1)/\(file.count)"
    return RoughAnswer(
      request.rangeStart == nil ? "200 OK" : "206 Partial Content",
      ["Content-Length: \(rest)", "ETag: \(tag)"] + (request.rangeStart == nil ? [] : [range]),
      body: Array(file[start..<start + min(rest, after ?? rest)]), ending: ending)
  }
}

struct RoughRequest: Sendable {
  /// From 0 on.
  let number: Int
  let head: String

  /// `Range: bytes=START-`
  var rangeStart: Int? { range.flatMap { Int($0[0]) } }
  /// `Range: bytes=START-LAST`: one more than `LAST`.
  var rangeEnd: Int? { range.flatMap { $0.count > 1 ? Int($0[1]).map { $0 + 1 } : nil } }

  private var range: [Substring]? {
    guard let found = head.range(of: "Range: bytes=") else { return nil }
    return head[found.upperBound...].prefix { $0.isNumber || $0 == "-" }
      .split(separator: "-", omittingEmptySubsequences: true)
  }
}

/// A server that does what real ones cannot be made to do. One connection carries one request.
///
/// `@unchecked Sendable`: `received` and `open` are only touched under `lock`.
final class RoughServer: @unchecked Sendable {
  typealias Script = @Sendable (RoughRequest) -> RoughAnswer

  private let socket: LoopbackSocket
  private let script: Script
  private let lock = NSLock()
  private var received: [RoughRequest] = []
  private var open: [Int32] = []

  var address: String { "http://127.0.0.1:\(socket.port)/bundle.krux" }
  var requests: [RoughRequest] { lock.withLock { received } }

  init(_ script: @escaping Script) throws {
    socket = try LoopbackSocket()
    self.script = script
    let listener = socket.descriptor
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, let self else {
          if connection >= 0 { close(connection) }
          return
        }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        serve(connection)
      }
    }
  }

  deinit { for connection in open { close(connection) } }

  /// Ends the thread: a listening socket that is shut down accepts nobody.
  func stop() { shutdown(socket.descriptor, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    let head = RoughServer.readHead(connection)
    guard !head.isEmpty else {
      close(connection)
      return
    }
    let request = lock.withLock {
      received.append(RoughRequest(number: received.count, head: head))
      return received[received.count - 1]
    }
    let answer = script(request)
    RoughServer.send(answer.bytes, connection)
    switch answer.ending {
    case .close: close(connection)
    case .stall: lock.withLock { open.append(connection) }
    }
  }

  private static func readHead(_ connection: Int32) -> String {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
      guard recv(connection, &byte, 1, 0) == 1 else { return "" }
      head.append(byte)
    }
    return String(decoding: head, as: UTF8.self)
  }

  private static func send(_ bytes: [UInt8], _ connection: Int32) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      done += count
    }
  }
}

/// Runs `body` with a server that follows `script`, and ends the server after it.
func withRoughServer<Result>(
  _ script: @escaping RoughServer.Script, _ body: (RoughServer) throws -> Result
) throws -> Result {
  let server = try RoughServer(script)
  defer { server.stop() }
  return try body(server)
}
