internal import Glibc
public import Logging
public import SlotCore
public import SystemPackage

/// The facade of the project: what an operator can ask of a device, without a word of printing.
///
/// Long work runs on the calling thread and on threads of its own; nothing here is tied to Swift's tasks.
public struct Updater: Sendable {
  public let layout: Layout
  public var configuration: Configuration
  public let machine: any Machine
  public let cancellation: Cancellation
  let boot: any BootControlStore
  let ledgers: any LedgerStoring
  /// Told of everything that happens.
  public let recorder: any Recorder
  private let clock: @Sendable () -> Timestamp
  /// Milliseconds that the end of a trial waits for the data partition.
  let ledgerDeadline: Int64
  let logger: Logger

  /// Reads the configuration and finds the slots.
  ///
  /// - Parameters:
  ///   - root: a folder that plays a device; nil for the device that this runs on.
  ///   - warn: told, in a sentence, of what holds up nothing.
  /// - Throws: `ConfigurationFailure`, `SlotFailure`.
  public init(
    root: FilePath? = nil, cancellation: Cancellation = Cancellation(),
    logger: Logger = Logger(label: "krux-update"),
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    let base = root.map(Layout.folder) ?? .system
    configuration = try Configuration.load(base.configuration)
    layout = base.applying(configuration)
    boot = GrubStore(path: layout.grubEnvironment, defaultTries: configuration.tries)
    ledgers = LedgerStore(directory: layout.stateDirectory, mount: layout.dataMount)
    machine =
      if let folder = layout.folder {
        try FolderMachine(folder: folder, boot: boot)
      } else {
        try DiskMachine(configuration)
      }
    recorder = DeviceRecorder(layout, configuration, boot: machine.bootID, warn: warn)
    self.cancellation = cancellation
    clock = Updater.systemClock
    ledgerDeadline = Updater.ledgerDeadline
    self.logger = logger
  }

  private static let systemClock: @Sendable () -> Timestamp = {
    Timestamp(seconds: Int64(time(nil)))
  }

  /// An updater on other parts than the system's: for tests, and for programs with a machine of their own.
  public init(
    layout: Layout, configuration: Configuration, machine: any Machine,
    boot: any BootControlStore, ledgers: any LedgerStoring,
    recorder: any Recorder = NoRecorder(), clock: (@Sendable () -> Timestamp)? = nil,
    ledgerDeadline: Int64 = Updater.ledgerDeadline,
    cancellation: Cancellation = Cancellation(), logger: Logger = Logger(label: "krux-update")
  ) {
    self.layout = layout
    self.configuration = configuration
    self.machine = machine
    self.boot = boot
    self.ledgers = ledgers
    self.recorder = recorder
    self.clock = clock ?? Updater.systemClock
    self.ledgerDeadline = ledgerDeadline
    self.cancellation = cancellation
    self.logger = logger
  }

  /// For `krux-health`, which runs with what it can read of a bad configuration, and where the partitions cannot
  /// be found with what the kernel's command line says of the slot. What is amiss is in `machine.warnings`.
  ///
  /// - Throws: `ConfigurationFailure` never; `SlotFailure` when not even the booted slot is known.
  public static func watching(
    root: FilePath? = nil, cancellation: Cancellation, logger: Logger,
    warn: @escaping @Sendable (String) -> Void
  ) throws -> (updater: Updater, warnings: [String]) {
    let base = root.map(Layout.folder) ?? .system
    let (configuration, warnings) = Configuration.lenient(base.configuration)
    let layout = base.applying(configuration)
    let boot = GrubStore(path: layout.grubEnvironment, defaultTries: configuration.tries)
    let machine: any Machine
    if let folder = layout.folder {
      machine = try FolderMachine(folder: folder, boot: boot)
    } else {
      do { machine = try DiskMachine(configuration) } catch {
        guard let fallback = CommandLineMachine(configuration, warning: "\(error)") else {
          throw error
        }
        machine = fallback
      }
    }
    let updater = Updater(
      layout: layout, configuration: configuration, machine: machine, boot: boot,
      ledgers: LedgerStore(directory: layout.stateDirectory, mount: layout.dataMount),
      recorder: DeviceRecorder(layout, configuration, boot: machine.bootID, warn: warn),
      cancellation: cancellation, logger: logger)
    return (updater, warnings)
  }

  var booted: SlotName { machine.bootedSlot }
  var identity: DeviceIdentity { DeviceIdentity(layout: layout, configuration: configuration) }
  var run: RunState { RunState(directory: layout.runDirectory, bootID: machine.bootID) }

  var context: LedgerContext {
    LedgerContext(now: clock(), bootID: machine.bootID)
  }

  /// Waits for nobody: a second updater is told who holds the lock.
  ///
  /// - Throws: `LockFailure`.
  func lock(_ command: String) throws -> UpdateLock {
    try UpdateLock(directory: layout.runDirectory, command: command)
  }

  /// The keys that may sign bundles for this device.
  ///
  /// - Throws: `TrustFailure`.
  public func ring() throws(TrustFailure) -> KeyRing { try DeviceKeys.ring(layout) }

  /// - Throws: `SlotFailure`.
  public func reboot() throws {
    recorder.record(RecordEvent(.rebooting))
    try machine.reboot()
  }
}
