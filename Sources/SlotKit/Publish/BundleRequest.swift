public import SlotCore

/// What a publisher wants to have made into a bundle.
public struct BundleRequest: Sendable {
  /// 256 KiB: measured in docs/formats/bundle.md.
  public static let defaultFrameSize = 256 << 10
  public static let defaultLevel = 9

  /// Nil for a bundle of services alone.
  public var image: String?
  public var output: String
  public var product: String
  public var version: String
  public var sequence: Int64
  public var compatible: [String]
  public var minimumSource: Int64?
  public var floor: Int64?
  public var created: Timestamp
  public var notes: [String]
  /// Bundles of older releases, from whose images devices can rebuild this one.
  public var bases: [String]
  /// What services run from.
  public var trees: [TreeRequest]
  /// Bytes of a frame before compression: a power of two from 64 KiB to 4 MiB.
  public var frameSize: Int
  /// zstd's, 1 to 22.
  public var level: Int

  public init(
    image: String?, output: String, product: String, version: String, sequence: Int64,
    compatible: [String], minimumSource: Int64? = nil, floor: Int64? = nil, created: Timestamp,
    notes: [String] = [], bases: [String] = [], trees: [TreeRequest] = [],
    frameSize: Int = BundleRequest.defaultFrameSize, level: Int = BundleRequest.defaultLevel
  ) {
    self.image = image
    self.output = output
    self.product = product
    self.version = version
    self.sequence = sequence
    self.compatible = compatible
    self.minimumSource = minimumSource
    self.floor = floor
    self.created = created
    self.notes = notes
    self.bases = bases
    self.trees = trees
    self.frameSize = frameSize
    self.level = level
  }

  /// Checks everything that can be checked before the image is read.
  ///
  /// - Throws: `invalidValue`.
  public func validate() throws(RequestFailure) {
    for (what, name) in [("product", product), ("version", version)] { try check(name, what) }
    for name in compatible { try check(name, "hardware name") }
    try require((1...256).contains(compatible.count), "there must be 1 to 256 hardware names")
    for (what, number) in [
      ("sequence", sequence), ("minimum source", minimumSource ?? 1), ("floor", floor ?? 1),
    ] {
      try require(BundleLimits.sequence.contains(number), "the \(what) must be 1 to 2^53-1")
    }
    try require((floor ?? 1) <= sequence, "the floor must not be above the sequence")
    try require(notes.count <= 1000, "there must be at most 1000 notes")
    try require(
      BundleLimits.frameBytes.contains(frameSize) && frameSize & (frameSize - 1) == 0,
      "the frame size must be a power of two from 65536 to 4194304")
    try require(bases.count <= 32, "there must be at most 32 bases")
    try require(image != nil || !trees.isEmpty, "there must be an image or a tree")
    try require(image != nil || bases.isEmpty, "a base needs an image")
    for tree in trees { try tree.validate(version: version) }
    let names = Set(trees.map(\.name) + ["root"])
    try require(names.count == trees.count + 1, "each tree needs a name of its own, and not 'root'")
    try require(trees.count < BundleLimits.artefactCount, "there are too many trees")
    try require((1...22).contains(level), "the level must be 1 to 22")
  }

  private func check(_ name: String, _ what: String) throws(RequestFailure) {
    try require(
      Name.isValid(name),
      "the \(what) '\(name.printable)' must be 1 to 64 of letters, digits and . _ + ~ : , -")
  }

  private func require(_ holds: Bool, _ message: String) throws(RequestFailure) {
    guard holds else {
      throw RequestFailure(
        .invalidValue, message, hint: "see 'krux-release bundle create --help'")
    }
  }
}
