import Foundation

/// A program that was started: its outputs go to files, so that no pipe can fill up and stop it.
final class Child {
  struct Ended {
    /// The exit status, or 128 and the number of the signal.
    let status: Int32
    let output: String
    let errors: String

    var outputLines: [String] { output.split(separator: "\n").map(String.init) }
  }

  let pid: pid_t
  private let outputPath: String
  private let errorPath: String
  private(set) var hasEnded = false

  /// - Parameters:
  ///   - words: the program's name, looked up in PATH, and its arguments.
  ///   - name: what the program sees as its own name, if not the first of `words`.
  ///   - inherited: a descriptor that the program gets as number 3.
  init(
    _ words: [String], calledAs name: String? = nil, input: String = "/dev/null",
    environment: [String: String] = [:], inherited: Int32? = nil, outputTo output: String? = nil
  ) throws {
    let stem = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    outputPath = output ?? stem + ".out"
    errorPath = stem + ".err"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, writing, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, writing, 0o600)
    if let inherited { posix_spawn_file_actions_adddup2(&actions, inherited, 3) }

    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      .map { "\($0.key)=\($0.value)" }
    var arguments = words
    if let name { arguments[0] = name }
    var started: pid_t = 0
    let error = try Child.withCStrings(arguments) { arguments in
      try Child.withCStrings(variables) { variables in
        posix_spawnp(&started, words[0], &actions, nil, arguments, variables)
      }
    }
    guard error == 0 else { throw ProgramFailure(words: words, output: "cannot be started") }
    pid = started
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws -> Result
  ) throws -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return try pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { throw CocoaError(.featureUnsupported) }
      return try body(base)
    }
  }

  /// Whether the program has ended. Does not wait.
  var isOver: Bool {
    var info = siginfo_t()
    // WNOWAIT leaves the end to `wait`; without one si_pid stays 0.
    return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0
      && info._sifields._kill.si_pid != 0
  }

  func signal(_ number: Int32) { kill(pid, number) }

  /// Waits for the end of the program.
  func wait() -> Ended {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    hasEnded = true
    let signal = status & 0x7F
    defer { for path in [outputPath, errorPath] { unlink(path) } }
    return Ended(
      status: signal == 0 ? (status >> 8) & 0xFF : 128 + signal,
      output: (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "",
      errors: (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "")
  }

  /// The same, for a program that could go on for ever: it is killed after `seconds`.
  func wait(atMost seconds: Double) -> Ended {
    let patience = DispatchWorkItem { [pid] in kill(pid, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: patience)
    defer { patience.cancel() }
    return wait()
  }

  deinit {
    guard !hasEnded else { return }
    kill(pid, SIGKILL)
    _ = wait()
  }
}

struct ProgramFailure: Error {
  let words: [String]
  let output: String
}

/// Runs a program to its end.
func run(
  _ words: [String], input: String = "/dev/null", environment: [String: String] = [:]
) throws -> Child.Ended {
  try Child(words, input: input, environment: environment).wait()
}

/// Runs a program that has to succeed, and returns what it printed.
@discardableResult
func succeed(_ words: String...) throws -> String {
  let ended = try run(words)
  guard ended.status == 0 else {
    throw ProgramFailure(words: words, output: "\(ended.status): \(ended.output)\(ended.errors)")
  }
  return ended.output
}

/// The executables under test stand beside the program that runs the tests.
enum Executable {
  static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()
  static let update = folder.appending(path: "krux-update").path
  static let health = folder.appending(path: "krux-health").path
  static let release = folder.appending(path: "krux-release").path

  /// The library that lies about the time, where Debian has it for this machine.
  static let faketime: String = {
    let libraries = URL(filePath: "/usr/lib")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: libraries.path)) ?? []
    let candidates = names.map { libraries.appending(path: "\($0)/faketime/libfaketime.so.1").path }
    return candidates.first { FileManager.default.fileExists(atPath: $0) } ?? "libfaketime.so.1"
  }()
}
