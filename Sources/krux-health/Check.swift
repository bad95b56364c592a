internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "One round of checks, for a person: says what is wrong, and changes nothing.",
    discussion: """
      EXAMPLES:
        krux-health check
      """)

  @OptionGroup var options: HealthOptions

  func run() throws {
    let updater = try options.updater()
    let effects = SystemHealth(updater, usesWatchdog: false)
    let isTrial = HealthRun(updater, effects).isTrial
    let result = effects.check(isTrial: isTrial)
    for complaint in effects.wantedComplaints(isTrial: isTrial) {
      Output.note("warning: \(complaint)")
    }
    switch result {
    case .healthy: Output.line("healthy")
    case .unhealthy(let reason): throw HealthFailure(.unhealthy, reason)
    }
  }
}
