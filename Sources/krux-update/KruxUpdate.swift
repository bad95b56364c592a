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
        krux-update check
        krux-update apply
        krux-update apply http://updates.example/kruxos-1.0.1.krux
        krux-update status
        krux-update rollback

      EXIT STATUS:
        0    done
        64   usage
        65   the bundle is damaged
        66   the source cannot be read or fetched
        74   a slot or its disk
        75   another updater is at work
        76   a signature or a key
        77   not root
        78   the configuration
        79   not in the way that this machine was installed
        80   refused for this device
        81   the boot environment
        82   the ledger
        83   the feed
        84   a service: not healthy, or not restarted
        100  an update is waiting (check)
        130  interrupted
      """,
    version: version,
    subcommands: [
      Check.self, Apply.self, Status.self, Services.self, Rollback.self, Confirm.self, Reject.self,
      Channel.self, Pin.self, Unpin.self, Auto.self, Verify.self, Reboot.self, Feed.self,
      History.self, Log.self, Metrics.self,
    ])
}
