import Foundation
import SlotCore
import Testing

@testable import SlotKit

/// A server on the loopback that answers every connection with the same bytes.
private final class FixedServer: Sendable {
  enum Ending { case close, stall, repeatForever }

  let port: UInt16
  private let listener: Int32

  init(_ answer: String, _ ending: Ending = .close) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
    self.listener = listener
    let bytes = Array(answer.utf8)
    Thread.detachNewThread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { break }
        FixedServer.serve(connection, bytes, ending)
      }
      // Not before nobody accepts any more: the number of the descriptor may be another socket's next.
      close(listener)
    }
  }

  /// A listening socket that is shut down accepts nobody.
  deinit { shutdown(listener, Int32(SHUT_RDWR)) }

  /// Answers one request, and waits until the client has closed the connection.
  private static func serve(_ connection: Int32, _ answer: [UInt8], _ ending: Ending) {
    var request = [UInt8](repeating: 0, count: 4096)
    _ = recv(connection, &request, request.count, 0)
    var sent = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
    while ending == .repeatForever, sent > 0 {
      sent = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
    }
    if ending == .close { shutdown(connection, Int32(SHUT_WR)) }
    while recv(connection, &request, request.count, 0) > 0 {}
    close(connection)
  }

  func probe(seconds: Int = 20, scheme: String = "http") -> ProbeReply {
    withExtendedLifetime(self) {
      HTTPProbe(url: "\(scheme)://127.0.0.1:\(port)/health/ready", timeoutSeconds: seconds).probe()
    }
  }
}

/// The server of Python's standard library, which serves a folder.
private final class FileServer {
  let address: String
  private let process = Process()

  init(of scratch: Scratch) throws {
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    process.currentDirectoryURL = scratch.folder
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    // "Serving HTTP on 127.0.0.1 port 40123 (...) ...", once it listens.
    let words = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
      .split(separator: " ")
    let port = words.firstIndex(of: "port").map { words[$0 + 1] } ?? "none"
    address = "http://127.0.0.1:\(port)"
  }

  func stop() {
    // Started on a thread that may block other signals, it has them blocked too.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

@Suite struct HTTPProbeTests {
  private static let head = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"

  @Test func anAnswerComesWithStatusAndBody() throws {
    let ok = try FixedServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    #expect(ok.probe() == .reply(status: 200, body: Array("ok".utf8)))
    let bad = try FixedServer(HTTPProbeTests.head + "\r\n{}")
    #expect(bad.probe() == .reply(status: 503, body: Array("{}".utf8)))
  }

  @Test func aRealServerIsAsked() throws {
    try withScratch { scratch in
      try scratch.write("health/ready", #"{"status":"healthy"}"#)
      let server = try FileServer(of: scratch)
      defer { server.stop() }
      #expect(
        HTTPProbe(url: "\(server.address)/health/ready", timeoutSeconds: 20).probe()
          == .reply(status: 200, body: Array(#"{"status":"healthy"}"#.utf8)))
      guard
        case .reply(404, _) = HTTPProbe(url: "\(server.address)/none", timeoutSeconds: 20).probe()
      else {
        Issue.record("no 404")
        return
      }
    }
  }

  @Test func aRedirectIsNotFollowed() throws {
    let target = try FixedServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    let server = try FixedServer(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(target.port)/\r\n"
        + "Content-Length: 0\r\n\r\n")
    #expect(server.probe() == .reply(status: 302, body: []))
  }

  @Test func nobodyListens() throws {
    let port = try FixedServer("").port
    #expect(
      HTTPProbe(url: "http://127.0.0.1:\(port)/health/ready", timeoutSeconds: 20).probe()
        == .refused)
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
  func silenceHasAnEnd(answer: String) throws {
    let server = try FixedServer(answer, .stall)
    let start = BootClock.now()
    #expect(server.probe(seconds: 1) == .timedOut(seconds: 1))
    #expect(BootClock.now() - start < 30_000)
  }

  @Test func aHostWithoutAddressIsUnresolved() {
    #expect(
      HTTPProbe(url: "http://health.invalid/ready", timeoutSeconds: 20).probe() == .unresolved)
  }

  @Test(arguments: ["SSH-2.0-OpenSSH_9.2p1\r\n", "\u{0}\u{1}\u{2}garbage\n\n"])
  func whatIsNotHTTPIsToldApart(answer: String) throws {
    #expect(try FixedServer(answer).probe() == .notHTTP)
  }

  @Test(arguments: ["", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 9\r\n\r\nhalf"])
  func anAnswerThatBreaksOffIsNone(answer: String) throws {
    guard case .failed = try FixedServer(answer).probe() else {
      Issue.record("taken for an answer")
      return
    }
  }

  @Test func theBodyIsBounded() throws {
    let full = String(repeating: "x", count: ProbeReply.maximumBody)
    #expect(
      try FixedServer("\(HTTPProbeTests.head)\r\n\(full)").probe()
        == .reply(status: 503, body: Array(full.utf8)))
    #expect(
      try FixedServer("\(HTTPProbeTests.head)\r\n\(full)x").probe() == .oversize(status: 503))
  }

  @Test func anEndlessBodyHasAnEnd() throws {
    let chunk = "HTTP/1.1 503 No\r\nX-A: b\r\n\r\n" + String(repeating: "x", count: 9000)
    let server = try FixedServer(chunk, .repeatForever)
    #expect(server.probe() == .oversize(status: 503))
  }

  @Test func anEndlessHeadHasAnEnd() throws {
    let line = "X-Header: \(String(repeating: "x", count: 900))\r\n"
    let head = HTTPProbeTests.head + String(repeating: line, count: 90)
    #expect(try FixedServer(head, .stall).probe(seconds: 5) == .oversize(status: 503))
  }

  @Test(arguments: ["file:///etc/hostname", "ftp://127.0.0.1/", "unix:/x", "", "127.0.0.1:80"])
  func onlyHTTPIsSpoken(url: String) {
    #expect(
      HTTPProbe(url: url, timeoutSeconds: 20).probe()
        == .failed("its address is not of http or https"))
  }

  @Test func anEncryptedEndpointThatIsNotOneFails() throws {
    let server = try FixedServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    guard case .failed = server.probe(scheme: "https") else {
      Issue.record("taken for an answer")
      return
    }
  }

  /// In a process of its own, because the environment belongs to the whole process.
  @Test func noProxyIsAsked() async {
    await #expect(processExitsWith: .success) {
      let proxy = try FixedServer("HTTP/1.1 502 Proxy\r\nContent-Length: 0\r\n\r\n")
      setenv("http_proxy", "http://127.0.0.1:\(proxy.port)/", 1)
      setenv("ALL_PROXY", "http://127.0.0.1:\(proxy.port)/", 1)
      let server = try FixedServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      #expect(server.probe() == .reply(status: 200, body: []))
    }
  }
}
