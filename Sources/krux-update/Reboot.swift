internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Reboot: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reboot, by the command of update.toml.",
    discussion: """
      With --root DIR the folder's boot environment decides, as the boot script would, which slot runs next.

      EXAMPLES:
        krux-update reboot
      """)

  @OptionGroup var common: CommonOptions

  func run() throws { try common.writingUpdater(to: .decide).reboot() }
}
