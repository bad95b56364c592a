internal import Glibc
internal import SlotCore
internal import SystemPackage

/// The journal of systemd, by its native protocol: one datagram for each message.
///
/// Nobody is waited for: where nobody listens, or journald is behind, the message is lost. No message is so long
/// that it would have to travel as a file (`RecordEvent.maximumReason`).
struct Journal: Sendable {
  let socket: FilePath

  /// Whether the message is with journald.
  @discardableResult
  func send(_ message: JournalMessage) -> Bool {
    DatagramSocket.send(message.encoded, to: socket.string)
  }

  /// Whether who reads this journal finds there, too, what this process writes to standard error.
  var hasStandardError: Bool {
    guard Journal.isStandardError, let own = Files.resolved(socket) else { return false }
    return own == Files.resolved(Layout.system.journalSocket)
  }

  /// Whether standard error is a stream of the system's journal: systemd.exec(5) on `JOURNAL_STREAM`.
  private static let isStandardError: Bool = {
    guard let variable = getenv("JOURNAL_STREAM") else { return false }
    return isStream(String(cString: variable), STDERR_FILENO)
  }()

  /// - Parameter stream: device and inode, `8:1234`.
  static func isStream(_ stream: String, _ descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    return stream == "\(status.st_dev):\(status.st_ino)"
  }
}
