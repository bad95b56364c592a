internal import ArgumentParser
internal import Glibc
internal import SlotCore

/// `--nagios`, and what a command does with it.
struct NagiosOptions: ParsableArguments {
  @Flag(
    help:
      "Print one line for Nagios and its kin, and end with 0 (OK), 1 (warning), 2 (critical) or 3 (unknown)."
  )
  var nagios = false

  /// Ends the process with what `body` finds, or with what its failure says.
  static func exit(_ body: () throws -> PluginResult) -> Never {
    let result: PluginResult
    do { result = try body() } catch {
      result =
        (error as? any ActionableError).map { PluginResult($0) }
        ?? PluginResult(.unknown, "\(error)")
    }
    Report.line(result.line)
    Glibc.exit(result.state.rawValue)
  }
}
