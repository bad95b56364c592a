internal import ArgumentParser

struct KruxHealth: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "krux-health",
    abstract: "Watch a boot: confirm a version that is healthy, fall back from one that is not.",
    discussion: """
      The units in packaging/systemd start it. Its settings are the [health] and [watchdog] tables of \
      update.toml.

      EXAMPLES:
        krux-health check
        systemctl status krux-health

      EXIT STATUS:
        0    healthy
        64   usage
        69   not healthy
        74   the slots cannot be found
        77   not root
        130  interrupted
      """,
    version: "0.1.0",
    subcommands: [Run.self, Check.self, Mark.self, Emergency.self])
}
