internal import Glibc
public import SlotCore
internal import SystemPackage

/// The record of a device: journal and audit log.
public struct DeviceRecorder: Recorder {
  private let journal: Journal
  private let log: AuditLog
  private let boot: String
  private let command: String
  private let clock: @Sendable () -> Timestamp

  /// - Parameters:
  ///   - boot: the id of the running boot.
  ///   - command: program and subcommand, as the record names who did it.
  ///   - warn: told once, in a sentence, when lines of the audit log are lost.
  public init(
    _ layout: Layout, _ configuration: Configuration, boot: String,
    command: String = ProcessArguments.command,
    clock: (@Sendable () -> Timestamp)? = nil,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    journal = Journal(socket: layout.journalSocket)
    log = AuditLog(layout, configuration, warn: warn)
    self.boot = boot
    self.command = command
    self.clock = clock ?? { Timestamp(seconds: Int64(time(nil))) }
  }

  /// The journal first: it waits for nothing.
  public func record(_ event: RecordEvent) {
    let stamp = RecordStamp(at: clock(), boot: boot, command: command)
    let identifier = String(command.prefix { $0 != " " })
    journal.send(JournalMessage(event, stamp, identifier: identifier))
    if !event.isRepetition { log.append(RecordEntry(event, stamp)) }
  }
}

extension AuditLog {
  /// That of a device.
  public convenience init(
    _ layout: Layout, _ configuration: Configuration,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.init(
      directory: layout.stateDirectory, mount: layout.dataMount, settings: configuration.record,
      warn: warn)
  }
}
