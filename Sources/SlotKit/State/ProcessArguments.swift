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
}
