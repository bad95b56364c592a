internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct FeedInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a feed.",
    discussion: """
      Public keys are minisign's .pub files or PEM. Give each role keys of its own, root and targets several of them, \
      and keep their secret halves off this machine: what is missing of the signatures is added with 'feed sign'.

      EXAMPLES:
        krux-release feed init --feed feed --product kruxos --root-key root-1.pub --root-key root-2.pub \\
          --root-key root-3.pub --root-threshold 2 --targets-key targets.pub --snapshot-key online.pub \\
          --timestamp-key online.pub --channel stable=release.pub --channel nightly=ci.pub --expires nightly=14 \\
          --key online.key --key ci.key
      """)

  @Option(help: "The product that its releases are for.")
  var product: String

  @Option(help: ArgumentHelp("A key of root; repeatable.", valueName: "file"))
  var rootKey: [String]

  @Option(help: "How many of them have to sign.")
  var rootThreshold: Int64 = 1

  @Option(help: ArgumentHelp("A key of targets; repeatable.", valueName: "file"))
  var targetsKey: [String]

  @Option(help: "How many of them have to sign.")
  var targetsThreshold: Int64 = 1

  @Option(help: ArgumentHelp("A key of snapshot; repeatable.", valueName: "file"))
  var snapshotKey: [String]

  @Option(help: ArgumentHelp("A key of timestamp; repeatable.", valueName: "file"))
  var timestampKey: [String]

  @Option(
    help: ArgumentHelp(
      "A channel, its keys, and how many of them have to sign; repeatable.",
      valueName: "name=file[,file...][/threshold]"))
  var channel: [String]

  @OptionGroup var options: FeedChangeOptions

  func run() throws {
    let setup = FeedSetup(
      product: product, root: try keys(rootKey, rootThreshold),
      targets: try keys(targetsKey, targetsThreshold), snapshot: try keys(snapshotKey),
      timestamp: try keys(timestampKey), channels: try channel.map { try ChannelText($0).channel() }
    )
    let secrets = try options.keys.keys()
    let publisher = try FeedPublisher(
      creating: setup, periods: try options.period.periods(), in: FilePath(options.folder.feed),
      now: FeedFolderOption.now)
    try options.finish(publisher, secrets)
  }

  private func keys(_ paths: [String], _ threshold: Int64 = 1) throws -> FeedSetup.Keys {
    FeedSetup.Keys(try paths.map { try KeyFiles.rolePublicKey($0) }, threshold: threshold)
  }
}

/// `NAME=FILE[,FILE...][/THRESHOLD]`.
struct ChannelText {
  private let name: String
  private let paths: [String]
  private let threshold: Int64

  init(_ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else {
      throw ValidationError("--channel has to be NAME=KEY.pub, as in stable=release.pub")
    }
    var files = parts[1]
    var threshold: Int64 = 1
    if let slash = files.lastIndex(of: "/"), let number = Int64(files[files.index(after: slash)...])
    {
      threshold = number
      files = files[..<slash]
    }
    name = String(parts[0])
    paths = files.split(separator: ",").map(String.init)
    self.threshold = threshold
  }

  func channel() throws -> FeedSetup.Channel {
    let keys = try paths.map { try KeyFiles.rolePublicKey($0) }
    return FeedSetup.Channel(name: name, keys: FeedSetup.Keys(keys, threshold: threshold))
  }
}
