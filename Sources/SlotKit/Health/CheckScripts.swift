internal import Glibc
public import SlotCore
public import SystemPackage

/// The executables of a list of directories, run one after another in the order of their names.
///
/// As with systemd's directories, a file takes the place of one with the same name in an earlier directory, and
/// an empty file or a link to `/dev/null` masks it.
public struct CheckScripts: Sendable {
  public struct Outcome: Equatable, Sendable {
    /// The name of the file, or the path of a directory that cannot be read.
    public let name: String
    public let result: CheckResult
  }

  private struct Script {
    let name: String
    let path: FilePath
    /// Why it cannot be run.
    let fault: String?
  }

  /// The last ones win.
  private let directories: [FilePath]

  public init(directories: [FilePath]) { self.directories = directories }

  /// Runs all of them, whatever they say, until `cancellation` asks to stop; the script that is running then
  /// is ended, and the others are not in the result.
  ///
  /// - Parameters:
  ///   - environment: added to this process's own.
  ///   - timeoutSeconds: of each script. What still runs then of its process group is killed.
  public func run(
    environment: [String: String] = [:], timeoutSeconds: Int, cancellation: Cancellation
  ) -> [Outcome] {
    let (scripts, unreadable) = find()
    var outcomes = unreadable
    for script in scripts {
      guard cancellation.signalNumber == nil else { break }
      let name = ReasonText.line(script.name, limit: 64)
      if let fault = script.fault {
        outcomes.append(Outcome(name: name, reason: "cannot be run: \(fault)"))
        continue
      }
      let (ending, output) = BoundedProgram.run(
        [script.path.string], environment: environment, timeoutSeconds: timeoutSeconds,
        cancellation: cancellation)
      let reason = CheckScripts.reason(ending, output, timeoutSeconds: timeoutSeconds)
      outcomes.append(Outcome(name: name, reason: reason))
    }
    return outcomes
  }

  private static func reason(
    _ ending: BoundedProgram.Ending, _ output: [UInt8], timeoutSeconds: Int
  ) -> String? {
    switch ending {
    case .exited(status: 0): nil
    case .exited(let status):
      lastLine(output).map { "failed: \($0)" } ?? "failed with status \(status)"
    case .killed(let signal): "was killed by signal \(signal)"
    case .timedOut: "did not end within \(timeoutSeconds) s"
    case .cancelled: "was interrupted"
    // The kernel says so of a script too whose first line names a program that is not there.
    case .notStarted(.noSuchFileOrDirectory): "cannot be run: it or its interpreter is missing"
    case .notStarted(let error): "cannot be run: \(error)"
    }
  }

  private static func lastLine(_ output: [UInt8]) -> String? {
    String(decoding: output, as: UTF8.self).split(whereSeparator: \.isNewline).reversed().lazy
      .map { ReasonText.line(String($0)) }.first { !$0.isEmpty }
  }

  // MARK: - Finding them

  /// The scripts by name. A directory that is there and cannot be read is not an empty one: what it holds
  /// would pass unseen.
  private func find() -> (scripts: [Script], unreadable: [Outcome]) {
    var scripts: [String: Script] = [:]
    var unreadable: [Outcome] = []
    for directory in directories {
      let (names, error) = CheckScripts.names(in: directory)
      if let error {
        unreadable.append(
          Outcome(name: ReasonText.line(directory.string), reason: "cannot be read: \(error)"))
      }
      for name in names where CheckScripts.isScriptName(name) {
        let path = directory.appending(name)
        if Files.status(path)?.type == .directory { continue }
        scripts[name] =
          CheckScripts.isMask(path)
          ? nil : Script(name: name, path: path, fault: CheckScripts.fault(path))
      }
    }
    return (scripts.values.sorted { $0.name < $1.name }, unreadable)
  }

  /// Not what editors and package managers leave behind.
  private static func isScriptName(_ name: String) -> Bool {
    !name.hasPrefix(".") && !name.hasSuffix("~") && !name.hasSuffix(".bak")
  }

  private static func isMask(_ path: FilePath) -> Bool {
    if Files.resolved(path) == "/dev/null" { return true }
    guard let status = Files.status(path) else { return false }
    return status.type == .regular && status.size == 0
  }

  private static func fault(_ path: FilePath) -> String? {
    guard let status = Files.status(path) else { return "it is a link to nothing" }
    guard status.type == .regular else { return "it is not a file" }
    return path.withPlatformString { access($0, X_OK) } == 0 ? nil : "it is not executable"
  }

  /// The names in a directory, and why there may be more; none in one that does not exist.
  private static func names(in directory: FilePath) -> ([String], Errno?) {
    guard let stream = directory.withPlatformString({ opendir($0) }) else {
      return ([], errno == ENOENT ? nil : Errno(rawValue: errno))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        return (names, errno == 0 ? nil : Errno(rawValue: errno))
      }
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
  }
}

extension CheckScripts.Outcome {
  /// - Parameter reason: what follows the name in a reason; nil for a healthy one.
  fileprivate init(name: String, reason: String?) {
    self.name = name
    result = reason.map { .unhealthy(reason: ReasonText.line("\(name) \($0)")) } ?? .healthy
  }
}
