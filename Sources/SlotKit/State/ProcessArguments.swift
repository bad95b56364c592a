internal import Glibc
internal import SystemPackage

/// The arguments that this process was started with.
public enum ProcessArguments {
  /// The whole vector, the program's name first. Read from the kernel when Swift has none, as under a
  /// preloaded libfaketime (swiftlang/swift#76080).
  public static var vector: [String] {
    let arguments = CommandLine.arguments
    if !arguments.isEmpty { return arguments }
    guard let bytes = try? Files.read("/proc/self/cmdline", limit: 1 << 21) else { return [] }
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// The arguments without the program's name.
  public static var current: [String] { Array(vector.dropFirst()) }

  /// The last part of the name that the program was called by.
  public static var programName: String {
    vector.first.map { String($0.split(separator: "/").last ?? "") } ?? ""
  }

  /// Program and subcommand, as the record names who did something: `krux-update apply`.
  public static var command: String { command(of: vector) }

  static func command(of vector: [String]) -> String {
    var words = vector.map { String($0.split(separator: "/").last ?? "") }
    // `krux update apply` is `krux-update apply`.
    if words.starts(with: ["krux", "update"]) {
      words.replaceSubrange(..<2, with: ["krux-update"])
    }
    let name = words.first.map { $0.isEmpty ? "unknown" : $0 } ?? "unknown"
    guard let verb = words.dropFirst().first, verb.allSatisfy({ $0.isASCII && $0.isLetter }) else {
      return name
    }
    return "\(name) \(verb)"
  }
}
