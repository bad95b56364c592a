internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct Feed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a feed on The Update Framework, and fetch from it.",
    discussion: """
      Works with any repository of The Update Framework (version 1 of its specification) whose keys are \
      Ed25519. What is trusted of it lies in one directory, under names without versions.

      EXAMPLES:
        krux-update feed init --root root.json --metadata-dir feed
        krux-update feed refresh --metadata-url https://updates.example/metadata --metadata-dir feed
        krux-update feed fetch --metadata-url https://updates.example/metadata --metadata-dir feed \\
          --target-base-url https://updates.example/targets --target-dir files notes.txt
      """,
    subcommands: [FeedInit.self, FeedRefresh.self, FeedFetch.self])
}

/// What the commands of a feed share.
struct FeedOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where trusted metadata is kept.", valueName: "dir"))
  var metadataDir: String

  @Flag(name: .long, help: "Print JSON: one object a line.")
  var json = false

  var directory: FilePath { FilePath(metadataDir) }
}

/// What it takes to ask a server.
struct FeedServerOptions: ParsableArguments {
  @Option(
    name: .customLong("metadata-url"),
    help: ArgumentHelp("The address below which the metadata lies.", valueName: "url"))
  var metadataURL: String

  @Option(
    name: .customLong("configuration"),
    help: ArgumentHelp(
      "Take the section [fetch] from here. Default: /etc/krux/update.toml, if there is one.",
      valueName: "file"))
  var configurationFile: String?

  func client(_ options: FeedOptions, command: String) throws -> FeedClient {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    let file = configurationFile.map { FilePath($0) } ?? Layout.system.configuration
    return try FeedClient(
      directory: options.directory, metadataURL: metadataURL, try Configuration.load(file),
      command: command, cancellation)
  }
}

struct FeedInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Begin with a root of trust.",
    discussion: """
      The file is checked and kept as it is; no request is made. It has to come from somebody whom you \
      trust, not from the feed's server.

      EXAMPLES:
        krux-update feed init --root root.json --metadata-dir feed
      """)

  @Option(help: ArgumentHelp("Metadata of the role 'root'.", valueName: "file"))
  var root: String

  @OptionGroup var options: FeedOptions

  func run() throws {
    try FeedClient.initialise(
      root: try FeedClient.root(FilePath(root)), directory: options.directory)
    if options.json {
      Report.json(["event": .string("finished"), "outcome": .string("initialised")])
    } else {
      Report.line("\(options.metadataDir.printable) trusts \(root.printable).")
    }
  }
}

struct FeedRefresh: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refresh",
    abstract: "Bring the metadata of a feed up to date.",
    discussion: """
      EXAMPLES:
        krux-update feed refresh --metadata-url https://updates.example/metadata --metadata-dir feed
      """)

  @OptionGroup var server: FeedServerOptions
  @OptionGroup var options: FeedOptions

  func run() throws {
    var client = try server.client(options, command: "feed refresh")
    let versions = try client.refresh()
    if options.json {
      Report.json([
        "type": .string("feed"), "format": .integer(1), "rootVersion": .integer(versions.root),
        "timestampVersion": .integer(versions.timestamp),
        "snapshotVersion": .integer(versions.snapshot),
        "targetsVersion": .integer(versions.targets),
      ])
    } else {
      Report.line(
        "root \(versions.root), timestamp \(versions.timestamp), snapshot \(versions.snapshot), "
          + "targets \(versions.targets)")
    }
  }
}

struct FeedFetch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Bring the metadata up to date, and fetch targets.",
    discussion: """
      Targets are fetched one after another, in the order given, and each is kept under its path, \
      percent-encoded. One that is there already, and right, is not fetched again.

      EXAMPLES:
        krux-update feed fetch --metadata-url https://updates.example/metadata --metadata-dir feed \\
          --target-base-url https://updates.example/targets --target-dir files notes.txt
      """)

  @OptionGroup var server: FeedServerOptions

  @Option(
    name: .customLong("target-base-url"),
    help: ArgumentHelp("The address below which the targets lie.", valueName: "url"))
  var targetBaseURL: String

  @Option(help: ArgumentHelp("Where targets are kept.", valueName: "dir"))
  var targetDir: String

  @Argument(help: ArgumentHelp("Paths of targets.", valueName: "name"))
  var names: [String]

  @OptionGroup var options: FeedOptions

  func run() throws {
    var client = try server.client(options, command: "feed fetch")
    _ = try client.refresh()
    for name in names {
      report(try client.fetch(name, from: targetBaseURL, into: FilePath(targetDir)))
    }
  }

  private func report(_ target: FeedClient.Target) {
    if options.json {
      Report.json([
        "type": .string("target"), "format": .integer(1), "name": .string(target.path),
        "file": .string(target.file.string), "lengthBytes": .integer(target.length),
        "fetched": .bool(target.isFetched),
      ])
    } else {
      let length = Format.bytes(UInt64(target.length.magnitude))
      let state = target.isFetched ? length : "\(length), was there"
      Report.line("\(target.path.printable): \(target.file.string.printable) (\(state))")
    }
  }
}
