internal import Glibc

@testable internal import SlotKit

/// A server on loopback that says to the first who connects the first of its answers, to the next the second, and so
/// on, and then nothing. It closes each connection.
///
/// `@unchecked Sendable`: `answers` is only touched inside `monitor`.
final class AnswerServer: @unchecked Sendable {
  static let shared = AnswerServer()

  let port: UInt16
  private let socket: Int32
  private let monitor = Monitor()
  private var answers: [[UInt8]] = []

  private init() {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (server, length) = (socket, size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(server, $0, length) | listen(server, 64) | getsockname(server, $0, &size)
      }
    }
    require(status == 0, "there is a port on loopback")
    port = UInt16(bigEndian: address.sin_port)
    // Whatever a redirect names is asked of this server: nothing leaves the machine.
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
      setenv(name, "http://127.0.0.1:\(port)", 1)
    }
    require(Threads.start { [self] in serve() } != nil, "there is a thread")
  }

  func say(_ new: [[UInt8]]) { monitor.locked { answers = new.reversed() } }

  private func serve() {
    while true {
      let connection = accept(socket, nil, nil)
      guard connection >= 0 else { continue }
      if let answer = monitor.locked({ answers.popLast() }) {
        AnswerServer.send(answer, connection)
      }
      close(connection)
    }
  }

  /// After the whole request: what is closed with bytes unread is reset, and its answer lost.
  private static func send(_ answer: [UInt8], _ connection: Int32) {
    var request: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !request.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      request += buffer.prefix(count)
    }
    _ = Glibc.send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
    shutdown(connection, Int32(SHUT_WR))
    while recv(connection, &buffer, buffer.count, 0) > 0 {}
  }
}
