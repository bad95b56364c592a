import Foundation

/// A listening socket on a free port of the loopback, open before anyone is told of the port.
final class LoopbackSocket {
  let descriptor: Int32
  let port: UInt16

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard status else { throw POSIXError(.EADDRNOTAVAIL) }
  }

  deinit { close(descriptor) }
}

/// A real nginx that serves a folder.
final class WebServer {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  private let socket: LoopbackSocket
  private let server: Child
  private let scheme: String

  /// With `tls` it presents a certificate that it signed itself, in `certificate`; with `asksForCertificate` clients
  /// have to show the same one.
  init(tls: Bool = false, asksForCertificate: Bool = false) throws {
    try FileManager.default.createDirectory(
      at: folder.appending(path: "www"), withIntermediateDirectories: true)
    scheme = tls ? "https" : "http"
    socket = try LoopbackSocket()
    let path = folder.path
    if tls {
      try succeed(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "\(path)/tls.key",
        "-out", "\(path)/tls.pem")
    }
    let listen = "listen 127.0.0.1:\(socket.port)\(tls ? " ssl http2" : "");"
    let certificate =
      tls ? "ssl_certificate \(path)/tls.pem; ssl_certificate_key \(path)/tls.key;" : ""
    let verification =
      asksForCertificate ? "ssl_client_certificate \(path)/tls.pem; ssl_verify_client on;" : ""
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map { "\($0)_temp_path \(path)/tmp;" }.joined(separator: " ")
    try """
    daemon off; user root; worker_processes 1; pid \(path)/pid; error_log \(path)/error.log;
    events {}
    http {
      \(temporary)
      log_format requests '$request_uri $status $http_range $bytes_sent $connection $server_protocol';
      access_log \(path)/access.log requests;
      lingering_close off;
      limit_conn_zone $binary_remote_addr zone=few:64k;
      server { \(listen) \(certificate) \(verification) root \(path)/www;
        location /whole/ { alias \(path)/www/; max_ranges 0; }
        location /slow/ { alias \(path)/www/; limit_rate 8k; }
        location /few/ { alias \(path)/www/; limit_conn few 2; limit_rate 600k; }
        location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
        location = /health/ready { return 200 ok; }
        location = /sick/health/ready { return 503
          '{"status":"unhealthy","services":{"gateway":"failed to start","vault":"healthy"}}'; }
        location = /plain { return 302 http://127.0.0.1:\(socket.port)/bundle.krux; } }
    }
    """.write(to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
    // nginx takes a socket that is open already, as when it replaces itself, if it never blocks.
    _ = fcntl(socket.descriptor, F_SETFL, O_NONBLOCK)
    server = try Child(
      ["nginx", "-c", "\(path)/nginx.conf", "-p", path, "-e", "\(path)/error.log"],
      environment: ["NGINX": "3;", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
      inherited: socket.descriptor)
  }

  /// One request as nginx saw it.
  struct Logged {
    let path: String
    let status: Int
    let range: Range<Int>?
    /// Headers included.
    let sentBytes: Int
    let connection: Int
    let version: String

    fileprivate init?(_ line: Substring) {
      let fields = line.split(separator: " ")
      guard fields.count == 6, let status = Int(fields[1]), let sent = Int(fields[3]),
        let connection = Int(fields[4])
      else { return nil }
      (path, version) = (String(fields[0]), String(fields[5]))
      (self.status, sentBytes, self.connection) = (status, sent, connection)
      let bounds = fields[2].dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
      range = bounds.count == 2 ? bounds[0]..<bounds[1] + 1 : nil
    }
  }

  /// Ends the server when all is sent, and returns what it was asked for.
  func finish() throws -> [Logged] {
    server.signal(SIGQUIT)
    _ = server.wait()
    let log = try String(contentsOf: folder.appending(path: "access.log"), encoding: .utf8)
    return log.split(separator: "\n").compactMap { Logged($0) }
  }

  deinit {
    if !server.hasEnded {
      server.signal(SIGTERM)
      _ = server.wait()
    }
    try? FileManager.default.removeItem(at: folder)
  }

  var certificate: String { folder.appending(path: "tls.pem").path }
  var key: String { folder.appending(path: "tls.key").path }

  /// Serves `bytes`, and returns their address.
  func publish(_ bytes: [UInt8], _ name: String = "bundle.krux") throws -> String {
    try Data(bytes).write(to: folder.appending(path: "www/\(name)"))
    return address(name)
  }

  func address(_ name: String) -> String { "\(scheme)://127.0.0.1:\(socket.port)/\(name)" }
}
