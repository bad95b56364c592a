internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a key pair in minisign's file format, or in PEM.",
    discussion: """
      The public file goes into /usr/lib/krux/keys.d of the image. Keep the secret file off the build machine \
      if you can: see 'krux-release bundle sign --help'.

      EXAMPLES:
        krux-release keygen --secret release.key --public release.pub
        krux-release keygen --secret test.key --public test.pub --no-password
        krux-release keygen --secret root-1.pem --public root-1.pub.pem --pem
      """)

  @Option(help: ArgumentHelp("Where the secret key goes.", valueName: "file"))
  var secret: String

  @Option(help: ArgumentHelp("Where the public key goes.", valueName: "file"))
  var `public`: String

  @Option(help: ArgumentHelp("A file that holds the password.", valueName: "file"))
  var passwordFile: String?

  @Flag(help: "Leave the secret key unencrypted.")
  var noPassword = false

  @Flag(
    help:
      "Write PEM, without a password: for roles of a feed, which python-tuf and openssl sign for too."
  )
  var pem = false

  @Flag(help: "Replace files that exist.")
  var force = false

  func validate() throws {
    guard !noPassword || passwordFile == nil else {
      throw ValidationError("--no-password and --password-file exclude each other")
    }
    guard !pem || passwordFile == nil else {
      throw ValidationError("--pem and --password-file exclude each other")
    }
    guard pem || noPassword || passwordFile != nil || Password.canAsk else {
      throw ValidationError("give --password-file or --no-password: there is no terminal to ask on")
    }
  }

  func run() throws {
    if pem {
      let key = try KeyFiles.generatePEM(secret: secret, public: `public`, replacing: force)
      print("Role key id: \(TUF.Key(ed25519: key.key).id)")
      return print("Fingerprint: \(key.fingerprint.hex)")
    }
    let password = try passwordFile.map { try KeyFiles.password($0) }
    let chosen = try password ?? (noPassword ? nil : Password.choose())
    let key = try KeyFiles.generate(
      secret: secret, public: `public`, password: chosen, replacing: force)
    Report.key(key)
  }
}
