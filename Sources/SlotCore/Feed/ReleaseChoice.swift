/// What a channel has for this device, and why not more.
public struct ReleaseChoice: Equatable, Sendable {
  /// The newest release for this device's hardware that nobody withdrew, offered or not; nil when there is none newer
  /// than the running one.
  public var newest: Release?
  public var offer: Offer
  /// The running release, if it was withdrawn.
  public var runningWithdrawn: Release?

  public init(newest: Release?, offer: Offer, runningWithdrawn: Release?) {
    self.newest = newest
    self.offer = offer
    self.runningWithdrawn = runningWithdrawn
  }

  public enum Offer: Equatable, Sendable {
    /// Nothing is newer than what runs.
    case upToDate
    /// `towards` is the release that this one is a stepping stone to.
    case available(Release, towards: Release?)
    case later(Release, Timestamp)
    case held(Release?, Hold)
  }

  /// Why a release is not offered.
  public enum Hold: Equatable, Sendable {
    /// The device is pinned to this version, and runs it.
    case pinned(String)
    /// The device is pinned to a version that the channel does not have.
    case pinUnknown(String)
    /// It failed here, for this reason.
    case knownBad(String)
    /// No wave of its rollout reaches this device yet.
    case unplanned
    /// It has to be installed from this sequence on, and nothing leads there.
    case sourceTooOld(Int64)
  }
}

/// What is known of the device when a release is chosen.
public struct ReleaseFacts: Equatable, Sendable {
  /// The names that this device answers to.
  public var hardware: [String]
  public var version: String?
  public var sequence: Int64?
  public var image: Digest?
  /// The highest of the image's own, those of confirmed releases, and the feed's.
  public var floor: Int64
  /// Images that failed here, with the reason.
  public var knownBad: [Digest: String]
  /// Of machine-id(5): what a device's place in a rollout is made of. Nil where the device has none.
  public var machineID: String?
  public var pin: String?
  public var now: Timestamp

  public init(
    hardware: [String], version: String?, sequence: Int64?, image: Digest? = nil, floor: Int64 = 0,
    knownBad: [Digest: String] = [:], machineID: String?, pin: String? = nil, now: Timestamp
  ) {
    self.hardware = hardware
    self.version = version
    self.sequence = sequence
    self.image = image
    self.floor = floor
    self.knownBad = knownBad
    self.machineID = machineID
    self.pin = pin
    self.now = now
  }
}
