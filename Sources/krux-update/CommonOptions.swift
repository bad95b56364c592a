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

  func updater(_ cancellation: Cancellation = Cancellation()) throws -> Updater {
    if verbose {
      LoggingSystem.bootstrap(StreamLogHandler.standardError(label:))
    } else {
      LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
    }
    var logger = Logger(label: "krux-update")
    logger.logLevel = .debug
    return try Updater(
      root: root.map { FilePath($0) }, cancellation: cancellation, logger: logger)
  }

  /// For commands that change something.
  func writingUpdater(_ cancellation: Cancellation = Cancellation()) throws -> Updater {
    if root == nil { try PermissionFailure.requireRoot() }
    return try updater(cancellation)
  }
}
