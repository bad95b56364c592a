internal import ArgumentParser
internal import Logging
internal import SlotCore
internal import SlotKit
internal import SystemPackage

/// What every subcommand takes.
struct HealthOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Work on a folder that plays a device. Checks are in its health.d.", valueName: "dir"))
  var root: String?

  /// An updater that a mistake in the configuration does not stop; what is wrong goes to standard error.
  func updater(_ cancellation: Cancellation = Cancellation()) throws -> Updater {
    if root == nil { try PermissionFailure.requireRoot() }
    let logger = Logger(label: "krux-health") { _ in SwiftLogNoOpLogHandler() }
    let (updater, warnings) = try Updater.watching(
      root: root.map { FilePath($0) }, cancellation: cancellation, logger: logger,
      warn: { Output.note("warning: \($0)") })
    for warning in warnings + updater.machine.warnings { Output.note("warning: \(warning)") }
    return updater
  }
}

enum HealthCode: String, FailureCode {
  static var domain: FailureDomain { .health }
  case unhealthy
}

typealias HealthFailure = Failure<HealthCode>
