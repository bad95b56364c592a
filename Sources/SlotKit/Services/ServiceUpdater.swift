internal import Glibc
public import Logging
public import SlotCore
public import SystemPackage

/// What an operator can ask of the services of a device, without a word of printing. It needs no slots: a host that has
/// services only has none.
public struct ServiceUpdater: Sendable {
  public let layout: Layout
  public var configuration: Configuration
  public let cancellation: Cancellation
  let effects: any ServiceEffects
  let clock: @Sendable () -> Timestamp
  /// Throws while the device is not in a state in which its services may change.
  let requireQuiet: @Sendable () throws -> Void
  /// Internal, for tests to cut the power.
  var folder: ServiceFolder
  let logger: Logger
  public let recorder: any Recorder

  /// - Parameters:
  ///   - root: a folder that plays a device; nil for the device that this runs on.
  ///   - warn: told, in a sentence, of what holds up nothing.
  /// - Throws: `ConfigurationFailure`.
  public init(
    root: FilePath? = nil, cancellation: Cancellation = Cancellation(),
    logger: Logger = Logger(label: "krux-update"),
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    let base = root.map(Layout.folder) ?? .system
    let configuration = try Configuration.load(base.configuration)
    let layout = base.applying(configuration)
    self.init(
      layout: layout, configuration: configuration,
      effects: SystemServices(layout, configuration),
      requireQuiet: { try ServiceUpdater.requireNoTrial(root) }, cancellation: cancellation,
      logger: logger,
      recorder: DeviceRecorder(
        layout, configuration, boot: KernelView.bootID ?? "", warn: warn))
  }

  /// An updater of services on other parts than the system's.
  public init(
    layout: Layout, configuration: Configuration, effects: any ServiceEffects,
    clock: (@Sendable () -> Timestamp)? = nil,
    requireQuiet: @escaping @Sendable () throws -> Void = {},
    cancellation: Cancellation = Cancellation(), logger: Logger = Logger(label: "krux-update"),
    recorder: any Recorder = NoRecorder()
  ) {
    self.recorder = recorder
    self.layout = layout
    self.configuration = configuration
    self.effects = effects
    self.clock = clock ?? { Timestamp(seconds: Int64(time(nil))) }
    self.requireQuiet = requireQuiet
    self.cancellation = cancellation
    self.logger = logger
    folder = ServiceFolder(layout.servicesDirectory)
  }

  var store: ServiceStore {
    ServiceStore(directory: layout.stateDirectory, mount: layout.dataMount)
  }

  /// Waits for nobody, and keeps everybody else who changes something away.
  ///
  /// - Throws: `LockFailure`.
  func lock(_ command: String) throws -> UpdateLock {
    try UpdateLock(directory: layout.runDirectory, command: command)
  }

  /// The record as it is true: what never happened is forgotten.
  func settledRecords() throws(ServiceFailure) -> (records: ServiceRecords, warnings: [String]) {
    var (records, warnings) = try store.load()
    for name in records.names {
      warnings += records[name].settle(linked: folder.linked(name)).map { "\(name): \($0)" }
    }
    return (records, warnings)
  }

  /// What is on trial would be judged by services that came after it; what was rejected reboots.
  private static func requireNoTrial(_ root: FilePath?) throws {
    let updater: Updater
    do { updater = try Updater(root: root) } catch is SlotFailure { return }
    switch try updater.readState().assessment {
    case .trial:
      throw PolicyFailure(
        .trialOpen, "the running system is on trial, and its services are judged with it",
        hint: "wait for the health check, or end the trial with 'krux-update confirm' or 'reject'")
    case .givenUp: throw PolicyFailure.rebootPending
    case .settled, .staged, .returned, .failedOver, .switchNeverHappened: return
    }
  }
}

/// What a change of services tells while it goes on. Delivered in order, on the calling thread.
public enum ServiceEvent {
  /// Something that the operator should know and nothing is refused for.
  case warning(String)
  /// The signature is good; nothing has been written.
  case verified(OpenedBundle)
  /// Bytes of the archive, or of the tree when it is read back.
  case progress(WorkPhase, service: String, done: UInt64, total: UInt64)
  /// `current` leads to the version.
  case switched(service: String, version: String)
  case restarting(unit: String)
  case probing(service: String)
  /// It was not healthy, and `current` leads to `version` again, if there was one.
  case putBack(service: String, version: String?, reason: String)
}

public typealias ServiceObserver = (ServiceEvent) -> Void

public struct ServiceApplyOptions: Sendable {
  public var overrides = InstallOverrides()
  /// The release of the feed that the bundle has to be.
  public var release: Release?
  /// False: the links are swapped, and units are restarted by somebody else.
  public var restart = true

  public init() {}
}

/// What became of a service.
public struct ServiceOutcome: Equatable, Sendable {
  public enum Result: String, Sendable {
    case installed
    case alreadyRunning = "already-running"
    /// In place, and its units were not asked to restart.
    case unproven = "not-restarted"
    case rolledBack = "rolled-back"
    /// There is no tree to go back to.
    case nothingThere = "nothing-there"
  }

  public var service: String
  public var version: String
  public var result: Result
}
