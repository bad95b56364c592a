internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Confirm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End the trial of the running version well, by hand.",
    discussion: """
      For when the health check itself is wrong. Without a trial it gives the running slot its tries back, \
      and writes a new boot environment where that is missing or damaged.

      EXAMPLES:
        krux-update confirm
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    let (outcome, warnings) = try common.writingUpdater(to: .decide).confirm()
    let (word, text) =
      switch outcome {
      case .confirmed(let version): ("confirmed", "Version \(version) is confirmed.")
      case .triesGivenBack:
        ("tries-given-back", "No trial is on; the running slot has all its tries.")
      case .environmentRecreated:
        ("environment-recreated", "A new boot environment was written for the running slot.")
      }
    if common.json {
      Report.json(["event": .string("finished"), "outcome": .string(word)])
    } else {
      Report.line(text)
    }
    Report.warnings(warnings)
  }
}
