internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Verify a bundle whole and say who signed it.",
    discussion: """
      Reads everything: signature, tables, every frame. Installs nothing. Works without a device when a \
      key is given.

      EXAMPLES:
        krux-update verify kruxos-1.0.1.krux
        krux-update verify --public-key publisher.pub kruxos-1.0.1.krux
      """)

  @Argument(help: "A file, an http:// or https:// address, or - for standard input.")
  var source: String

  @Option(
    name: .customLong("public-key"),
    help: ArgumentHelp("Accept this minisign key instead of the device's.", valueName: "file"))
  var publicKeys: [String] = []

  @OptionGroup var background: BackgroundOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    let base = common.root.map { Layout.folder(FilePath($0)) } ?? .system
    let configuration = try Configuration.load(base.configuration)
    background.begin(configuration, cancellation, common.logger())
    let ring =
      publicKeys.isEmpty
      ? try DeviceKeys.ring(base.applying(configuration))
      : KeyRing(try publicKeys.map { try Keys.key(FilePath($0)) })
    let reader = try BundleSource(source).open(configuration, cancellation)
    let bundle = try OpenedBundle(reader, ring: ring)
    try bundle.verifyContent(cancellation)
    report(bundle, known(bundle.trusted.digest))
  }

  /// What the feed of this device says of the bundle; nil where there is no device, or it follows none.
  private func known(_ manifest: Digest) -> (release: Release, channel: String)? {
    let updater = try? Updater(root: common.root.map { FilePath($0) })
    return updater?.knownRelease(manifest: manifest)
  }

  private func report(_ bundle: OpenedBundle, _ known: (release: Release, channel: String)?) {
    let (manifest, trusted) = (bundle.manifest, bundle.trusted)
    guard !common.json else {
      return Report.json([
        "type": .string("verification"), "format": .integer(1),
        "product": .string(manifest.product), "version": .string(manifest.version),
        "sequence": .integer(manifest.sequence), "bundleBytes": .integer(Int64(bundle.length)),
        "keyId": .string(trusted.signer.id.description),
        "fingerprint": .string(trusted.signer.fingerprint.hex),
        "trustedComment": .string(trusted.trustedComment),
        "manifestDigest": .string(trusted.digest.hex),
        "imageDigest": (manifest.slotImage?.imageDigest.hex).json,
        "channel": (known?.channel).json,
        "withdrawn": (known?.release.withdrawal?.reason).json,
      ])
    }
    Report.line("Bundle:       \(bundle.reader.name) (\(Format.bytes(bundle.length))), whole")
    let release = "\(manifest.product) \(manifest.version), sequence \(manifest.sequence)"
    Report.line("Release:      \(release)")
    Report.line("Signed by:    key \(trusted.signer.id)")
    Report.line("Fingerprint:  \(trusted.signer.fingerprint.hex)")
    Report.line("Comment:      \(trusted.trustedComment.printable)")
    guard let known else { return }
    let withdrawn = known.release.withdrawal.map { ", withdrawn: \($0.reason.printable)" } ?? ""
    Report.line("Channel:      \(known.channel), as \(known.release.version)\(withdrawn)")
  }
}
