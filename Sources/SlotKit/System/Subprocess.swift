internal import Glibc
internal import SlotCore
internal import SystemPackage

/// Other programs, run and waited for.
enum Subprocess {
  /// Runs `command`, found in PATH, with this process's output.
  ///
  /// - Throws: `SlotFailure.rebootFailed`; nothing else is run yet.
  static func run(_ command: [String]) throws(SlotFailure) {
    let words = command.joined(separator: " ")
    var process = pid_t()
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The child must not inherit that signals are blocked here.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    let status = posix_spawnp(
      &process, command.first ?? "", nil, &attributes, &arguments, environ)
    var result: Int32 = 0
    guard status == 0, waitpid(process, &result, 0) == process, result == 0 else {
      throw SlotFailure(
        .rebootFailed, "'\(words)' failed", hint: "reboot by hand: the switch itself is done",
        systemError: status)
    }
  }
}
