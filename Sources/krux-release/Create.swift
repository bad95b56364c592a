internal import ArgumentParser
internal import Glibc
internal import SlotCore
internal import SlotKit

struct Create: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a bundle from the image of a root file system, the trees of services, or both.",
    discussion: """
      The same inputs make the same bytes. The creation time is an input: --created, else the environment's \
      SOURCE_DATE_EPOCH, else now. An image whose length is no multiple of 4096 gets zeros at its end.

      With --base, devices that run that older release fetch patches, a small part of the whole; others, and those \
      that read a pipe, are served by the same bundle.

      EXAMPLES:
        krux-release bundle create --image root.img --product kruxos --version 1.0.1 \\
          --sequence 10001 --compatible pi5 --key release.key --output kruxos-1.0.1.krux
        krux-release bundle create --tree gateway=build/gateway --unit gateway=gateway.service \\
          --product kruxos --version 1.0.1 --sequence 10001 --compatible pi5 --key release.key \\
          --output gateway-1.0.1.krux
      """)

  @Option(help: ArgumentHelp("The image: a file or a block device.", valueName: "file"))
  var image: String?

  @Option(
    help: ArgumentHelp("A folder that a service runs from; repeatable.", valueName: "service=dir"))
  var tree: [String] = []

  @Option(
    help: ArgumentHelp(
      "Units to restart, in this order, when the service is updated; repeatable.",
      valueName: "service=unit,unit"))
  var unit: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file of a tree that may be set-uid or set-gid or have capabilities; repeatable.",
      valueName: "service=path"))
  var privileged: [String] = []

  @Option(help: "The product, as in the image's os-release (IMAGE_ID).")
  var product: String

  @Option(help: "The version, as in the image's os-release (IMAGE_VERSION).")
  var version: String

  @Option(help: "The sequence number: higher than that of every release before.")
  var sequence: Int64

  @Option(help: ArgumentHelp("Hardware that may install it; repeatable.", valueName: "hardware"))
  var compatible: [String]

  @Option(help: ArgumentHelp("The lowest sequence to come from.", valueName: "sequence"))
  var minimumSource: Int64?

  @Option(help: ArgumentHelp("The lowest sequence accepted afterwards.", valueName: "sequence"))
  var floor: Int64?

  @Option(help: ArgumentHelp("A line about the release; repeatable.", valueName: "text"))
  var note: [String] = []

  @Option(help: ArgumentHelp("A file with one note on each line.", valueName: "file"))
  var notesFile: String?

  @Option(
    help: ArgumentHelp(
      "An older bundle to update from with fewer bytes; repeatable.", valueName: "bundle"))
  var base: [String] = []

  @Option(help: ArgumentHelp("Creation time.", valueName: "YYYY-MM-DDTHH:MM:SSZ"))
  var created: String?

  @Option(help: ArgumentHelp("Bytes of a frame.", valueName: "bytes"))
  var frameSize = BundleRequest.defaultFrameSize

  @Option(help: "zstd's level, 1 to 22.")
  var level = BundleRequest.defaultLevel

  @Option(help: ArgumentHelp("Sign with this secret key.", valueName: "file"))
  var key: String?

  @Option(help: ArgumentHelp("A file that holds the key's password.", valueName: "file"))
  var passwordFile: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The bundle to write.", valueName: "file"))
  var output: String

  func validate() throws {
    guard passwordFile == nil || key != nil else {
      throw ValidationError("--password-file needs --key")
    }
    guard image != nil || !tree.isEmpty else {
      throw ValidationError("there has to be --image or --tree")
    }
    _ = try creationTime()
    _ = try trees()
  }

  func run() throws {
    let request = BundleRequest(
      image: image, output: output, product: product, version: version, sequence: sequence,
      compatible: compatible, minimumSource: minimumSource, floor: floor,
      created: try creationTime(), notes: try notes(), bases: base, trees: try trees(),
      frameSize: frameSize, level: level)
    try request.validate()
    let secret = try key.map { try Password.unlock($0, passwordFile: passwordFile) }
    let manifest = try BundleWriter.write(request, key: secret)
    let signed = secret.map { "signed by \($0.id)" } ?? "not signed"
    print("\(output): \(manifest.trustedComment), \(signed)")
    for table in manifest.tables where table.kind == TableDescription.delta {
      print("Delta from \(table.base?.short ?? ""): \(table.length + table.payloadLength) bytes")
    }
    if let image = manifest.slotImage { print("Image digest: \(image.imageDigest.hex)") }
    for artefact in manifest.artefacts where artefact.kind == .tree {
      print(
        "Service \(artefact.name): \(artefact.tree?.entries ?? 0) entries,"
          + " \(artefact.tree?.bytes ?? 0) bytes")
    }
  }

  private func trees() throws -> [TreeRequest] {
    var trees = try tree.map { text in
      let (name, directory) = try Create.pair(text, "--tree")
      return TreeRequest(name: name, directory: directory)
    }
    func index(_ text: String, _ option: String) throws -> (Int, String) {
      let (name, value) = try Create.pair(text, option)
      guard let index = trees.firstIndex(where: { $0.name == name }) else {
        throw ValidationError(
          "\(option) names the service '\(name.printable)', which has no --tree")
      }
      return (index, value)
    }
    for text in unit {
      let (index, units) = try index(text, "--unit")
      trees[index].units += units.split(separator: ",").map(String.init)
    }
    for text in privileged {
      let (index, path) = try index(text, "--privileged")
      trees[index].privileged.insert(path)
    }
    return trees
  }

  private static func pair(_ text: String, _ option: String) throws -> (String, String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      throw ValidationError("\(option) must be SERVICE=VALUE, not '\(text.printable)'")
    }
    return (parts[0], parts[1])
  }

  private func creationTime() throws -> Timestamp {
    if let created {
      guard let time = Timestamp(created) else {
        throw ValidationError("--created must be a time in UTC: YYYY-MM-DDTHH:MM:SSZ")
      }
      return time
    }
    guard let text = getenv("SOURCE_DATE_EPOCH") else {
      return Timestamp(seconds: Int64(time(nil)))
    }
    guard let seconds = Int64(String(cString: text)) else {
      throw ValidationError("SOURCE_DATE_EPOCH must be a count of seconds")
    }
    return Timestamp(seconds: seconds)
  }

  private func notes() throws -> [String] {
    guard let notesFile else { return note }
    let text = try InputText.text(notesFile, limit: BundleLimits.manifestBytes)
    return note + text.split(whereSeparator: \.isNewline).map(String.init)
  }
}
