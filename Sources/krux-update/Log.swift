internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Log: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show the audit log, oldest first.",
    discussion: """
      With -f it goes on until Ctrl-C, which ends it with status 130, as it ends tail(1).

      EXAMPLES:
        krux-update log
        krux-update log -n 5
        krux-update log -f
        krux-update log -n 1000 --json
      """)

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Only the last so many.", valueName: "count"))
  var lines = 20

  @Flag(name: .shortAndLong, help: "Go on with what comes, through rotations of the log.")
  var follow = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("-n takes a number that is not negative") }
  }

  func run() throws {
    let reader = AuditLogReader(try common.updater().auditLog)
    for (line, entry) in try reader.last(lines) { try show(line, entry) }
    if reader.damagedCount > 0 {
      Report.warnings(["\(reader.damagedCount) lines of the log are damaged, and are not shown"])
    }
    if follow {
      Log.endBySignals()
      try reader.follow(show)
    }
  }

  /// There is nothing to put in order, so a signal ends the process at once; where its parent blocked them, too.
  private static func endBySignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// A reader of our output that goes away ends this.
  private func show(_ line: [UInt8], _ entry: RecordEntry) throws {
    let text = common.json ? line : Array(entry.text.utf8)
    do {
      try FileDescriptor.standardOutput.writeAll(text + [UInt8(ascii: "\n")])
    } catch Errno.brokenPipe {
      Glibc.exit(ExitStatus.success)
    }
  }
}

extension RecordEntry {
  /// `2026-11-22T10:00:00Z  Staged version 1.0.1 in slot B  (krux-update apply)`
  fileprivate var text: String {
    "\(stamp.at)  \(event.sentence)  (\(stamp.command.printable))"
  }
}
