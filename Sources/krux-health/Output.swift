internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit
internal import SystemPackage

/// What was asked for on standard output, everything else on standard error.
enum Output {
  static func line(_ text: String) {
    _ = try? FileDescriptor.standardOutput.writeAll("\(text)\n".utf8)
  }

  static func note(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll("\(text)\n".utf8)
  }

  /// Ends the process with the error's sentence, what to do next, and its exit status.
  static func exit(_ error: any Error) -> Never {
    guard let failure = error as? any ActionableError else { KruxHealth.exit(withError: error) }
    note("krux-health: \(failure.message)")
    if let hint = failure.hint { note("  hint: \(hint)") }
    Glibc.exit(ExitStatus.of(failure.domain))
  }
}
