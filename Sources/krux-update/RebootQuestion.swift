internal import ArgumentParser
internal import Glibc
internal import SlotKit

/// Whether to reboot after a switch: by option, or by a question where somebody can answer it.
struct RebootOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo, exclusivity: .exclusive,
    help: "Reboot at the end, or do not, without asking.")
  var reboot: Bool?

  private func decide(_ cancellation: Cancellation, json: Bool) -> Bool {
    if let reboot { return reboot }
    guard !json, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return false }
    Report.out("\nReboot now? [y/N]: ")
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    while poll(&input, 1, 200) == 0 {
      // Ctrl-C means no: what was staged stays staged.
      if cancellation.signalNumber != nil {
        Report.line()
        return false
      }
    }
    let answer = readLine()?.lowercased() ?? ""
    return answer == "y" || answer == "yes"
  }

  func carryOut(_ updater: Updater, json: Bool) throws {
    guard decide(updater.cancellation, json: json) else { return }
    if !json { Report.line("Rebooting...") }
    try updater.reboot()
  }
}
