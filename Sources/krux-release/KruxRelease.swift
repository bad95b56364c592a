internal import ArgumentParser

struct KruxRelease: ParsableCommand {
  /// Not given to ArgumentParser, whose flag would take the place of `--version` in subcommands: `main.swift`
  /// answers it.
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "krux-release",
    abstract: "Make keys, bundles and feeds for krux-update.",
    discussion: """
      EXAMPLES:
        krux-release keygen --secret release.key --public release.pub
        krux-release bundle create --image root.img --product kruxos --version 1.0.1 \\
          --sequence 10001 --compatible pi5 --key release.key --output kruxos-1.0.1.krux
        krux-release bundle verify kruxos-1.0.1.krux --public-key release.pub
        krux-release feed add kruxos-1.0.1.krux --feed feed --channel stable --public-key release.pub \\
          --key release-role.key --key online.key
        krux-release --version

      EXIT STATUS:
        0    done
        64   usage
        65   the bundle is damaged
        66   a file cannot be read
        73   the output cannot be written
        74   a slot or its disk (provision)
        75   another publisher is at work
        76   a signature or a key
        81   the boot environment (provision)
        82   the ledger (provision)
        83   the feed
      """,
    subcommands: [Keygen.self, Bundle.self, Feed.self, Provision.self])
}

struct Bundle: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make, sign, show and verify bundles.",
    subcommands: [Create.self, Sign.self, Inspect.self, BundleVerify.self])
}
