internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct BundleVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a whole bundle: signature, tables, every frame, and that nothing follows.",
    discussion: """
      EXAMPLES:
        krux-release bundle verify kruxos-1.0.1.krux --public-key release.pub
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Option(help: ArgumentHelp("A key that may have signed it; repeatable.", valueName: "file"))
  var publicKey: [String]

  func run() throws {
    let ring = KeyRing(try publicKey.map { try Keys.key(FilePath($0)) })
    let opened = try OpenedBundle(
      try BundleSource.file(bundle).open(Configuration(), Cancellation()), ring: ring)
    try opened.verifyContent(Cancellation())
    let trusted = opened.trusted
    let manifest = trusted.manifest
    print("\(bundle): verified, \(manifest.product) \(manifest.version) (\(manifest.sequence))")
    Report.key(trusted.signer)
    print("Comment:     \(trusted.trustedComment.printable)")
  }
}
