internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit
internal import SystemPackage

/// What goes to standard error.
enum Report {
  static func note(_ text: String) { write(text + "\n") }

  /// Without a line end.
  static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }

  /// Ends the process with the error's sentence, what to do next, and its exit status.
  static func exit(_ error: any Error) -> Never {
    guard let failure = error as? any ActionableError else { KruxRelease.exit(withError: error) }
    note("krux-release: \(failure.message)")
    if let hint = failure.hint { note("hint: \(hint)") }
    Glibc.exit(ExitStatus.of(failure.domain))
  }

  /// Who a key is, in two lines.
  static func key(_ key: PublicKey) {
    print("Key id:      \(key.id)")
    print("Fingerprint: \(key.fingerprint.hex)")
  }
}
