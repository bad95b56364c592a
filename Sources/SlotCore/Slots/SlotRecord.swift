/// What stands between two slots and their next boot.
public enum SlotState: String, Sendable {
  /// An install is writing it, or was cut off while it did.
  case writing
  /// Written, read back, next to boot; not booted yet, or on trial.
  case staged
  /// Healthy once, whole since.
  case confirmed
  /// Its trial ended badly.
  case failed
  /// Staged, and called off before it was booted.
  case cancelled
}

/// An image as the ledger identifies it.
public struct ImageIdentity: Equatable, Sendable {
  public var version: String
  public var sequence: Int64
  public var imageDigest: Digest
  /// Bytes; with `frameSize`, what it takes to read the slot against `imageDigest`.
  public var imageLength: UInt64
  public var frameSize: Int
  /// Nil for an image that a factory wrote.
  public var manifestDigest: Digest?
  public var floor: Int64?

  public init(
    version: String, sequence: Int64, imageDigest: Digest, imageLength: UInt64, frameSize: Int,
    manifestDigest: Digest? = nil, floor: Int64? = nil
  ) {
    self.version = version
    self.sequence = sequence
    self.imageDigest = imageDigest
    self.imageLength = imageLength
    self.frameSize = frameSize
    self.manifestDigest = manifestDigest
    self.floor = floor
  }

  public init(_ trusted: TrustedManifest, _ artefact: Artefact) {
    self.init(
      version: trusted.manifest.version, sequence: trusted.manifest.sequence,
      imageDigest: artefact.imageDigest, imageLength: artefact.length,
      frameSize: artefact.frameSize, manifestDigest: trusted.digest,
      floor: trusted.manifest.floor)
  }
}

/// The ledger's record of one slot.
public struct SlotRecord: Equatable, Sendable {
  public var image: ImageIdentity
  public var state: SlotState
  /// When the state was entered, by the clock of then.
  public var since: Timestamp
  /// The boot during which it was staged.
  public var stagedBoot: String?
  /// A trial of this image ended well, here, at some time.
  public var everConfirmed: Bool
  /// Why it failed, in one sentence.
  public var failure: String?
  /// What that sentence rests on.
  public var evidence: [String] = []
  /// How a single try ended that left no trace, and was not held against the image.
  public var inconclusive: String?
  /// Members that another version of this program wrote.
  var unknown: JSONValue = .object([JSONMember]())

  /// It ran well here, and neither failed nor was written over since.
  public var isGood: Bool { everConfirmed && state != .failed && state != .writing }

  public init(
    image: ImageIdentity, state: SlotState, since: Timestamp, stagedBoot: String? = nil,
    everConfirmed: Bool = false, failure: String? = nil, evidence: [String] = [],
    inconclusive: String? = nil
  ) {
    self.image = image
    self.state = state
    self.since = since
    self.stagedBoot = stagedBoot
    self.everConfirmed = everConfirmed
    self.failure = failure
    self.evidence = evidence
    self.inconclusive = inconclusive
  }
}
