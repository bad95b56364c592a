internal import ArgumentParser
internal import Logging
internal import SlotCore
internal import SlotKit
internal import SystemPackage

/// What every subcommand takes.
struct CommonOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Work on a folder that plays a device: root-a.img, root-b.img, grubenv, a ledger.",
      valueName: "dir"))
  var root: String?

  @Flag(name: .long, help: "Print JSON: one object, or one event per line.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print more, and log to standard error.")
  var verbose = false

  /// Once in a process.
  func logger() -> Logger {
    if verbose {
      LoggingSystem.bootstrap(StreamLogHandler.standardError(label:))
    } else {
      LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
    }
    var logger = Logger(label: "krux-update")
    logger.logLevel = .debug
    return logger
  }

  func updater(
    _ cancellation: Cancellation = Cancellation(), _ background: BackgroundOptions? = nil
  ) throws -> Updater {
    let logger = logger()
    let updater = try Updater(
      root: root.map { FilePath($0) }, cancellation: cancellation, logger: logger,
      warn: { Report.warnings([$0]) })
    background?.begin(updater.configuration, cancellation, logger)
    return updater
  }

  /// How this machine was installed; nil for a folder that plays a device.
  func mode() -> MachineMode? { root == nil ? MachineMode.read() : nil }

  /// The services of the device.
  func services(
    _ cancellation: Cancellation = Cancellation(), _ background: BackgroundOptions? = nil
  ) throws -> ServiceUpdater {
    let logger = logger()
    let updater = try ServiceUpdater(
      root: root.map { FilePath($0) }, cancellation: cancellation, logger: logger,
      warn: { Report.warnings([$0]) })
    background?.begin(updater.configuration, cancellation, logger)
    return updater
  }

  /// For commands that change services.
  func writingServices(
    _ cancellation: Cancellation = Cancellation(), _ background: BackgroundOptions? = nil
  ) throws -> ServiceUpdater {
    if root == nil { try PermissionFailure.requireRoot() }
    try mode()?.require(.releases)
    return try services(cancellation, background)
  }

  /// For commands that change something.
  ///
  /// - Parameter work: what this machine's mode has to allow.
  func writingUpdater(
    _ cancellation: Cancellation = Cancellation(), _ background: BackgroundOptions? = nil,
    to work: ModeWork = .install
  ) throws -> Updater {
    if root == nil { try PermissionFailure.requireRoot() }
    try mode()?.require(work)
    return try updater(cancellation, background)
  }
}
