internal import CLinux
internal import Glibc
internal import SlotCore
internal import SystemPackage

/// Other programs, run and waited for.
enum Subprocess {
  /// Runs `command`, found in PATH, with this process's output.
  ///
  /// - Throws: `SlotFailure.rebootFailed`; nothing else is run this way.
  static func run(_ command: [String]) throws(SlotFailure) {
    let words = command.joined(separator: " ")
    let (process, status) = spawn(command, environment: environment, output: nil)
    var result: Int32 = 0
    guard let process, waitpid(process, &result, 0) == process, result == 0 else {
      throw SlotFailure(
        .rebootFailed, "'\(words)' failed", hint: "reboot by hand: the switch itself is done",
        systemError: status)
    }
  }

  /// Starts `command`, found in PATH, with no signal blocked or ignored and no descriptor but the first three.
  ///
  /// - Parameters:
  ///   - environment: all of it.
  ///   - output: what the program writes to, in a process group of its own and with no input. Nil: this
  ///     process's own input, output and group.
  /// - Returns: the process, or nil and the error number of posix_spawn(3).
  fileprivate static func spawn(
    _ command: [String], environment: [String: String], output: Int32?
  ) -> (process: pid_t?, error: Int32) {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var ignored = sigset_t()
    sigemptyset(&ignored)
    sigaddset(&ignored, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &ignored)
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    if output != nil { flags |= POSIX_SPAWN_SETPGROUP }
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let output {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
      posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
      posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    }
    _ = klinux_spawn_close_from(&actions, STDERR_FILENO + 1)

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] =
      environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process = pid_t()
    let error = posix_spawnp(
      &process, command.first ?? "", &actions, &attributes, &arguments, &variables)
    return (error == 0 ? process : nil, error)
  }

  /// The environment of this process, without what systemd means for it alone (sd_notify(3)).
  static var environment: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = String(cString: text).split(separator: "=", maxSplits: 1).map(String.init)
      if pair.count == 2 { variables[pair[0]] = pair[1] }
      entry = entry.advanced(by: 1)
    }
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] { variables[name] = nil }
    return variables
  }
}

/// A program whose output is kept and whose time is bounded. It leads a process group, of which nothing is
/// left running when it ends.
struct BoundedProgram {
  enum Ending: Equatable {
    case exited(status: Int32)
    case killed(signal: Int32)
    case timedOut
    case cancelled
    case notStarted(Errno)
  }

  /// Bytes of output that are kept: the last ones.
  static let keptOutput = 4096
  /// How long after SIGKILL the end of the program is waited for, in milliseconds: one that hangs in the
  /// kernel does not end, and is left behind.
  private static let killMilliseconds: Int64 = 2000
  /// How long a cancellation may go unseen, in milliseconds.
  private static let sliceMilliseconds: Int64 = 100

  private let process: pid_t
  /// Readable once `process` has ended; -1 where the kernel has none, and then it is looked at each slice.
  private let processDescriptor: Int32
  private var pipe: Int32
  private var output: [UInt8] = []

  /// Runs `command`, found in PATH, to its end, and returns that with the end of its output.
  static func run(
    _ command: [String], environment: [String: String] = [:], timeoutSeconds: Int,
    cancellation: Cancellation
  ) -> (ending: Ending, output: [UInt8]) {
    var ends: [Int32] = [-1, -1]
    guard klinux_pipe(&ends) == 0 else { return (.notStarted(Errno(rawValue: errno)), []) }
    // The program's end may block: most programs do not expect that it does not.
    _ = fcntl(ends[1], F_SETFL, 0)
    let (process, error) = Subprocess.spawn(
      command, environment: Subprocess.environment.merging(environment) { $1 },
      output: ends[1])
    close(ends[1])
    guard let process else {
      close(ends[0])
      return (.notStarted(Errno(rawValue: error)), [])
    }
    // krux-health is the last that the kernel should end when memory runs out; what it starts is not.
    _ = try? Files.overwrite(FilePath("/proc/\(process)/oom_score_adj"), with: Array("0".utf8))
    var program = BoundedProgram(
      process: process, processDescriptor: klinux_process_descriptor(process), pipe: ends[0])
    let ending = program.finish(timeoutSeconds: timeoutSeconds, cancellation)
    return (ending, program.output)
  }

  private init(process: pid_t, processDescriptor: Int32, pipe: Int32) {
    self.process = process
    self.processDescriptor = processDescriptor
    self.pipe = pipe
  }

  private mutating func finish(timeoutSeconds: Int, _ cancellation: Cancellation) -> Ending {
    defer {
      if processDescriptor >= 0 { close(processDescriptor) }
      closePipe()
    }
    let deadline = BootClock.now() + Int64(timeoutSeconds) * 1000
    let isInTime = follow(until: deadline) { cancellation.signalNumber != nil }
    let wasCancelled = !isInTime && cancellation.signalNumber != nil
    // While the leader is not reaped, no other group can have its number.
    kill(-process, SIGKILL)
    guard isInTime || follow(until: BootClock.now() + BoundedProgram.killMilliseconds, { false })
    else { return wasCancelled ? .cancelled : .timedOut }
    drain()
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    if !isInTime { return wasCancelled ? .cancelled : .timedOut }
    let signal = status & 0x7F
    return signal == 0 ? .exited(status: status >> 8 & 0xFF) : .killed(signal: signal)
  }

  /// Takes output until the program has ended, without reaping it: then true.
  private mutating func follow(until deadline: Int64, _ mustStop: () -> Bool) -> Bool {
    while !hasEnded {
      let left = deadline - BootClock.now()
      guard left > 0, !mustStop() else { return false }
      var waited = [
        pollfd(fd: processDescriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: pipe, events: Int16(POLLIN), revents: 0),
      ]
      _ = poll(&waited, 2, Int32(min(left, BoundedProgram.sliceMilliseconds)))
      if waited[1].revents != 0 { drain() }
    }
    return true
  }

  private var hasEnded: Bool {
    var state = siginfo_t()
    let result = waitid(P_PID, id_t(process), &state, WEXITED | WNOHANG | WNOWAIT)
    // A number is there once the process has ended. An error means that there is nothing to wait for.
    return result != 0 ? errno != EINTR : state.si_signo == SIGCHLD
  }

  /// Takes what the pipe holds, and not more than that: whoever fills it up again must not keep us here.
  private mutating func drain() {
    guard pipe >= 0 else { return }
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let count = read(pipe, &chunk, chunk.count)
    if count > 0 {
      output = Array((output + chunk.prefix(count)).suffix(BoundedProgram.keptOutput))
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      closePipe()
    }
  }

  private mutating func closePipe() {
    if pipe >= 0 { close(pipe) }
    // poll(2) passes over a negative descriptor.
    pipe = -1
  }
}
