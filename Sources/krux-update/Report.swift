internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit
internal import SystemPackage

/// What goes to the two outputs: what was asked for on standard output, everything else on standard error.
enum Report {
  static func line(_ text: String = "") { out("\(text)\n") }

  /// Unbuffered, so that what is shown is true when something breaks.
  static func out(_ text: String) {
    _ = try? FileDescriptor.standardOutput.writeAll(text.utf8)
  }

  /// One JSON object on a line of its own.
  static func json(_ members: KeyValuePairs<String, JSONValue?>) {
    line(JSONValue.object(members).compact)
  }

  static func note(_ text: String) { write("\(text)\n") }

  static func warnings(_ texts: [String]) {
    for text in texts { note("warning: \(text)") }
  }

  private static func write(_ text: String) {
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }

  /// Ends the process with the error's sentence, what to do next, and its exit status.
  static func exit(_ error: any Error) -> Never {
    guard let failure = error as? any ActionableError else { KruxUpdate.exit(withError: error) }
    if ProcessArguments.current.contains("--json") {
      json([
        "type": .string("error"), "format": .integer(1),
        "domain": .string(failure.domain.rawValue), "code": .string(failure.codeName),
        "message": .string(failure.message), "hint": failure.hint.json,
        "details": failure.details,
      ])
    }
    write("krux-update: \(failure.message)\n")
    if let hint = failure.hint { write("  hint: \(hint)\n") }
    Glibc.exit(ExitStatus.of(failure.domain))
  }
}

/// Numbers for people.
enum Format {
  /// Decimal units, as disks and downloads are sold by: `450 MB`, `1.2 GB`.
  static func bytes(_ count: UInt64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
    for (name, size) in units where Double(count) >= size {
      let value = Double(count) / size
      let text = value < 10 && name == "GB" ? tenths(value) : "\(Int(value.rounded()))"
      return "\(text) \(name)"
    }
    return "\(count) bytes"
  }

  private static func tenths(_ value: Double) -> String {
    let scaled = Int((value * 10).rounded())
    return "\(scaled / 10).\(scaled % 10)"
  }

  /// `0:07`, `12:00`, `1:02:03`
  static func duration(seconds: Int) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
  }
}
