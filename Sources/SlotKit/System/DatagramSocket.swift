internal import Glibc

/// Datagrams to a socket of this machine: unix(7).
enum DatagramSocket {
  /// Sends `bytes` as one datagram.
  ///
  /// - Parameters:
  ///   - name: a path, or `@` and an abstract name.
  ///   - timeoutSeconds: how long a receiver that is slow is waited for; nil for not at all.
  /// - Returns: whether it was sent: false when nobody listens, or the receiver's queue is full.
  static func send(_ bytes: [UInt8], to name: String, timeoutSeconds: Int? = nil) -> Bool {
    guard var address = address(name) else { return false }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var flags = Int32(MSG_NOSIGNAL)
    if let timeoutSeconds {
      var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
      setsockopt(
        descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    } else {
      flags |= Int32(MSG_DONTWAIT)
    }
    // An abstract name has no terminator: its length is that of the address.
    let nameOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    let length = socklen_t(nameOffset + name.utf8.count)
    let sent = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(descriptor, bytes, bytes.count, flags, $0, length)
      }
    }
    return sent == bytes.count
  }

  /// A path, or an abstract name, which begins with a zero byte and is written with `@`.
  private static func address(_ name: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    guard bytes.count > 1, bytes.count < MemoryLayout.size(ofValue: address.sun_path),
      bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@")
    else { return nil }
    if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }
}
