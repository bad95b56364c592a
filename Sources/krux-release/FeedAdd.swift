internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct FeedAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Offer a bundle on a channel.",
    discussion: """
      Verifies the bundle whole, copies it to 'bundles' of the feed, and puts it into the channel's index. Without \
      --wave everybody is offered it at once.

      EXAMPLES:
        krux-release feed add kruxos-1.0.1.krux --feed feed --channel stable --public-key release.pub \\
          --wave 5@+0d --wave 50@+2d --wave 100@+4d --key release-role.key --key online.key
        krux-release feed add kruxos-1.0.1.krux --feed feed --channel stable --public-key release.pub \\
          --address https://cdn.example/kruxos-1.0.1.krux --key release-role.key --key online.key
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Option(help: "The channel.")
  var channel: String

  @Option(help: ArgumentHelp("A key that may have signed it; repeatable.", valueName: "file"))
  var publicKey: [String]

  @Option(
    help: "How much it matters: optional, normal, important, critical. Default: normal.",
    transform: Release.Severity.init(argument:))
  var severity: Release.Severity = .normal

  @Option(
    help: ArgumentHelp(
      "A share of the fleet, and from when; repeatable.", valueName: "percent@time"))
  var wave: [String] = []

  @Option(help: ArgumentHelp("Where it is served, if not by this feed.", valueName: "url"))
  var address: String?

  @OptionGroup var options: FeedChangeOptions

  func validate() throws {
    guard let address else { return }
    guard ["http://", "https://"].contains(where: { address.hasPrefix($0) }),
      address.utf8.count <= 2048
    else { throw ValidationError("--address has to begin with https:// or http://") }
  }

  func run() throws {
    let ring = KeyRing(try publicKey.map { try Keys.key(FilePath($0)) })
    let publisher = try options.publisher("add")
    let now = publisher.draft.now
    let intake = try BundleIntake(
      bundle, keys: ring, address: address, severity: severity,
      rollout: try Rollout(waves: wave, now: now), now: now, folder: publisher.folder)
    try publisher.draft.add(intake.release, product: intake.product, to: channel)
    let secrets = try options.keys.keys()
    try intake.copy()
    try options.finish(publisher, secrets)
  }
}

extension Release.Severity {
  init(argument: String) throws {
    guard let severity = Release.Severity(rawValue: argument) else {
      throw ValidationError("it is optional, normal, important or critical")
    }
    self = severity
  }
}
