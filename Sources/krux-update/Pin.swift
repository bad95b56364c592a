internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Pin: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keep this device at a version, or let it go to that version and no further.",
    discussion: """
      The next 'krux-update apply' takes the device there. 'check' still tells what it would get without.

      EXAMPLES:
        krux-update pin 1.0.0
      """)

  @Argument(help: "The version to stay at or to go to.")
  var version: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.writingUpdater(to: .releases).pin(version)
    guard common.json else { return Report.line("Pinned to \(version).") }
    Report.json(["type": .string("pin"), "format": .integer(1), "version": .string(version)])
  }
}

struct Unpin: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let this device follow its channel again.",
    discussion: """
      EXAMPLES:
        krux-update unpin
      """)

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.writingUpdater(to: .releases).pin(nil)
    guard common.json else { return Report.line("Not pinned.") }
    Report.json(["type": .string("pin"), "format": .integer(1), "version": .null])
  }
}
