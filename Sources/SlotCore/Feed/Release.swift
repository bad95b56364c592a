/// A version published on a channel, as its index describes it. See docs/formats/feed.md for each field.
public struct Release: Equatable, Sendable {
  /// How much it matters to have it. Policies and people read it; nothing is decided by it here.
  public enum Severity: String, Sendable, CaseIterable {
    case optional, normal, important, critical
  }

  /// A publisher took the release back.
  public struct Withdrawal: Equatable, Sendable {
    public var at: Timestamp
    public var reason: String

    public init(at: Timestamp, reason: String) {
      self.at = at
      self.reason = reason
    }
  }

  /// A service, and the digest of the archive of its tree.
  public struct Service: Equatable, Sendable {
    public var name: String
    public var imageDigest: Digest

    public init(name: String, imageDigest: Digest) {
      self.name = name
      self.imageDigest = imageDigest
    }
  }

  public var version: String
  public var sequence: Int64
  /// The lowest sequence that may be running when this is installed.
  public var minimumSource: Int64?
  /// Hardware names that may install this. Never empty.
  public var compatible: [String]
  public var released: Timestamp
  public var severity: Severity
  public var notes: [String]
  /// Where the bundle is: a path relative to the feed's address, or an address of its own.
  public var bundle: String
  /// Bytes of the bundle.
  public var bundleLength: UInt64
  /// BLAKE2b-256 of the bundle's manifest: the word of the feed for all that the bundle holds.
  public var manifestDigest: Digest
  /// The digest of the slot image, by which a device remembers what failed on it.
  public var imageDigest: Digest
  /// The services that its bundle has trees of, beside the image.
  public var services: [Service]
  public var rollout: Rollout
  public var withdrawal: Withdrawal?

  public init(
    version: String, sequence: Int64, minimumSource: Int64? = nil, compatible: [String],
    released: Timestamp, severity: Severity = .normal, notes: [String] = [], bundle: String,
    bundleLength: UInt64, manifestDigest: Digest, imageDigest: Digest,
    services: [Service] = [], rollout: Rollout = .everybody, withdrawal: Withdrawal? = nil
  ) {
    self.version = version
    self.sequence = sequence
    self.minimumSource = minimumSource
    self.compatible = compatible
    self.released = released
    self.severity = severity
    self.notes = notes
    self.bundle = bundle
    self.bundleLength = bundleLength
    self.manifestDigest = manifestDigest
    self.imageDigest = imageDigest
    self.services = services
    self.rollout = rollout
    self.withdrawal = withdrawal
  }
}
