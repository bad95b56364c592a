internal import ArgumentParser
internal import SlotKit

struct KruxUpdate: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "krux-update",
    abstract: "Install, confirm and roll back system updates on an A/B appliance.",
    discussion: """
      A signed bundle is streamed into the root partition that is not running, read back, and made \
      next to boot, on trial. The running system is never written.

      EXAMPLES:
        krux-update apply http://updates.example/kruxos-1.0.1.krux
        krux-update status
        krux-update rollback

      EXIT STATUS:
        0 done   64 usage   65 bundle damaged   66 source   74 slot or disk   75 another updater
        76 signature or key   77 not root   78 configuration   80 refused   81 boot environment
        82 ledger   130 interrupted
      """,
    version: version,
    subcommands: [
      Apply.self, Status.self, Rollback.self, Confirm.self, Reject.self, Verify.self, Reboot.self,
    ])
}
