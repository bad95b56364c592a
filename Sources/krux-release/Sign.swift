internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Sign: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Add a signature to a bundle.",
    discussion: """
      Signing again with the same key replaces that key's signature. For a key on another machine or token, \
      export what has to be signed, sign it there, and attach the signature.

      EXAMPLES:
        krux-release bundle sign kruxos-1.0.1.krux --key release.key
        krux-release bundle sign kruxos-1.0.1.krux --export manifest.json
        minisign -S -H -m manifest.json -s release.key
        krux-release bundle sign kruxos-1.0.1.krux --attach manifest.json.minisig \\
          --public-key release.pub
      """)

  @Argument(help: "The bundle.")
  var bundle: String

  @Option(help: ArgumentHelp("Sign with this secret key.", valueName: "file"))
  var key: String?

  @Option(help: ArgumentHelp("A file that holds the key's password.", valueName: "file"))
  var passwordFile: String?

  @Option(help: "Trusted comment. Default: product, version and sequence.")
  var comment: String?

  @Option(help: ArgumentHelp("Write the bytes to be signed, and nothing else.", valueName: "file"))
  var export: String?

  @Option(help: ArgumentHelp("Attach a signature that was made elsewhere.", valueName: "minisig"))
  var attach: String?

  @Option(help: ArgumentHelp("Attach only if this key made the signature.", valueName: "file"))
  var publicKey: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write here. Default: replace the bundle in one step.", valueName: "file"))
  var output: String?

  func validate() throws {
    guard [key, export, attach].compactMap({ $0 }).count == 1 else {
      throw ValidationError("give one of --key, --export and --attach")
    }
    guard key != nil || (comment == nil && passwordFile == nil) else {
      throw ValidationError("--comment and --password-file need --key")
    }
    guard attach != nil || publicKey == nil else {
      throw ValidationError("--public-key needs --attach")
    }
    guard export == nil || output == nil else {
      throw ValidationError("--output and --export exclude each other")
    }
  }

  func run() throws {
    if let export {
      try BundleSigner.export(bundle, to: export)
      print("\(export): sign it with 'minisign -S -H -m \(export)'")
    } else if let attach {
      let signature = try BundleSigner.attach(
        attach, to: bundle, publicKey: try publicKey.map { try Keys.key(FilePath($0)) },
        output: output)
      let checked = publicKey == nil ? "not verified" : "verified"
      print("\(output ?? bundle): signature by \(signature.keyID) attached, \(checked)")
    } else if let key {
      let secret = try Password.unlock(key, passwordFile: passwordFile)
      let signature = try BundleSigner.sign(bundle, key: secret, comment: comment, output: output)
      print("\(output ?? bundle): signed by \(signature.keyID)")
    }
  }
}
