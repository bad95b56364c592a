internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Watch this boot to its end. What krux-health.service starts.",
    discussion: """
      In a trial it confirms the version, or falls back to the other slot and reboots. Without one it gives \
      the tries back, or reports. The hardware watchdog is fed until the deadline only.
      """)

  @OptionGroup var options: HealthOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    let updater: Updater
    do { updater = try options.updater(cancellation) } catch {
      // Nothing is known of the slots, so nothing can be decided; the watchdog must not decide it either.
      SystemHealth.handWatchdogOverUnwatched()
      throw error
    }
    let effects = SystemHealth(updater, usesWatchdog: true)
    let outcome: HealthOutcome
    do { outcome = try HealthRun(updater, effects).run() } catch {
      effects.leaveWatchdogForShutdown()
      throw error
    }
    switch outcome {
    case .confirmed(let version): effects.sayBesideRecord("Version \(version) is confirmed.")
    case .triesGivenBack: effects.say("The boot is healthy.")
    case .environmentRecreated:
      effects.say("The boot is healthy. A new boot environment was written.")
    case .fellBack(let reason):
      throw HealthFailure(.unhealthy, reason, hint: "the other slot boots next")
    case .givenUp:
      throw HealthFailure(.unhealthy, "this slot was given up, and the other one boots next")
    case .unhealthy(let reason):
      throw HealthFailure(
        .unhealthy, reason,
        hint: "after a repair, 'systemctl restart krux-health' gives the tries back")
    }
  }
}
