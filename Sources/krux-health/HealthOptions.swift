internal import ArgumentParser
internal import Glibc
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
    guard root != nil || geteuid() == 0 else {
      throw PermissionFailure(
        .notRoot, "only root can do this", hint: "run it with sudo, or try it with --root DIR")
    }
    let logger = Logger(label: "krux-health") { _ in SwiftLogNoOpLogHandler() }
    let (updater, warnings) = try Updater.watching(
      root: root.map { FilePath($0) }, cancellation: cancellation, logger: logger)
    for warning in warnings + updater.machine.warnings { Output.note("warning: \(warning)") }
    return updater
  }
}

enum PermissionCode: String, FailureCode {
  static var domain: FailureDomain { .permission }
  case notRoot = "not_root"
}

typealias PermissionFailure = Failure<PermissionCode>

enum HealthCode: String, FailureCode {
  static var domain: FailureDomain { .health }
  case unhealthy
}

typealias HealthFailure = Failure<HealthCode>
