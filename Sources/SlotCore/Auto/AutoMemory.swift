/// What automatic updates keep in mind from one run to the next.
public struct AutoMemory: Equatable, Sendable {
  public static let maximumPassed = 32

  /// An image that automatic updates do not take, or not again.
  public struct Passed: Equatable, Sendable {
    public enum Why: String, Sendable {
      /// They made it next to boot once.
      case tried
      /// It ran here, and the device went back from it: by an operator, or by a fail-over.
      case left
    }

    public var image: Digest
    public var version: String
    public var why: Why
    public var at: Timestamp
    /// The boot in which it was noted.
    public var boot: String
    /// Noted before the switch, which is not known to have been made.
    public var isPending: Bool
    /// The boot that was ended so that the image would start.
    public var rebooted: String?
  }

  /// When the feed was asked last, whether or not it answered.
  public var asked: AutoMoment?
  /// Seconds from then until it is asked again.
  public var delay: Int64 = 0
  /// Checks in a row that came to nothing.
  public var failures: Int64 = 0
  /// Installs in a row that did, whatever the feed answered in between.
  public var installFailures: Int64 = 0
  /// Why the last check or install came to nothing; until the feed answers.
  public var failure: String?
  /// The image that is whole in the target slot, and not next to boot.
  public var downloaded: Digest?
  public var passed: [Passed] = []
  /// What kept the last run from a step that was due.
  public var inhibited: [String] = []
  /// What the record was told last of an update that waits, so that it is told once.
  public var told: String?

  public init() {}

  public func passed(_ image: Digest) -> Passed? { passed.first { $0.image == image } }

  /// Seconds until the feed is to be asked; 0 for now.
  func secondsLeft(_ settings: AutoSettings, _ now: AutoMoment) -> Int64 {
    // Where no clock can tell, a question too many does less harm than none for years.
    guard let asked, let passed = now.seconds(since: asked) else { return 0 }
    return max(0, min(delay, settings.interval + settings.jitter) - passed)
  }

  // MARK: - What happens

  /// The feed is about to be asked. Kept before it is, as if it came to nothing, so that a run that is cut off, or
  /// one that cannot keep anything, does not ask at every turn of the timer.
  ///
  /// - Parameter chance: a number of 0 up to and including the one given, anew each time.
  public mutating func asks(
    _ settings: AutoSettings, _ now: AutoMoment, chance: (Int64) -> Int64
  ) {
    waits(settings, now, failures: failures + 1, chance)
  }

  public mutating func answered(_ settings: AutoSettings, chance: (Int64) -> Int64) {
    delay = settings.interval + chance(settings.jitter)
    failures = 0
    failure = nil
  }

  public mutating func checkFailed(_ reason: String) {
    failures = min(failures + 1, AutoMemory.maximumFailures)
    failure = ReasonText.line(reason)
  }

  public mutating func installed() { installFailures = 0 }

  /// The feed is asked again, and the install tried again, the later the more often it failed.
  public mutating func installFailed(
    _ reason: String, _ settings: AutoSettings, _ now: AutoMoment, chance: (Int64) -> Int64
  ) {
    installFailures = min(installFailures + 1, AutoMemory.maximumFailures)
    failure = ReasonText.line(reason)
    waits(settings, now, failures: installFailures, chance)
  }

  private mutating func waits(
    _ settings: AutoSettings, _ now: AutoMoment, failures: Int64, _ chance: (Int64) -> Int64
  ) {
    asked = now
    let base = min(settings.interval, backOff(failures))
    delay = base + chance(min(settings.jitter, base))
  }

  static let maximumFailures: Int64 = 1000
  private static let shortestBackOff: Int64 = 900

  /// A quarter of an hour, doubled with each failure.
  private func backOff(_ count: Int64) -> Int64 {
    AutoMemory.shortestBackOff << min(max(count - 1, 0), 16)
  }

  /// The image is about to be made next to boot.
  public mutating func tries(_ release: Release, _ now: AutoMoment) {
    note(release.imageDigest, release.version, .tried, now, isPending: true)
  }

  /// It was.
  public mutating func applied(_ image: Digest) {
    downloaded = nil
    change(image) { $0.isPending = false }
  }

  public mutating func reboots(for image: Digest, _ now: AutoMoment) {
    change(image) { $0.rebooted = now.boot }
  }

  private mutating func change(_ image: Digest, _ change: (inout Passed) -> Void) {
    guard let index = passed.firstIndex(where: { $0.image == image }) else { return }
    change(&passed[index])
  }

  private mutating func note(
    _ image: Digest, _ version: String, _ why: Passed.Why, _ now: AutoMoment, isPending: Bool
  ) {
    passed.removeAll { $0.image == image }
    passed.append(
      Passed(
        image: image, version: version, why: why, at: now.wall, boot: now.boot,
        isPending: isPending))
    passed.removeFirst(max(0, passed.count - AutoMemory.maximumPassed))
  }

  /// Takes in what the device shows: a switch that was cut off is no trial, and a version that the device went back
  /// from is left alone.
  public mutating func settle(_ device: AutoDevice, _ now: AutoMoment) {
    guard let other = device.other else { return }
    let image = other.image.imageDigest
    passed.removeAll { $0.image == image && $0.isPending && device.neverSwitched($0, now) }
    if device.wentBack, passed(image) == nil {
      note(image, other.image.version, .left, now, isPending: false)
    }
  }
}

/// What automatic updates have to know of the device.
public struct AutoDevice: Equatable, Sendable {
  public var assessment: BootAssessment
  public var version: String?
  public var sequence: Int64?
  /// What the ledger says of the slot that is not running.
  public var other: SlotRecord?

  public init(
    assessment: BootAssessment, version: String?, sequence: Int64?, other: SlotRecord?
  ) {
    self.assessment = assessment
    self.version = version
    self.sequence = sequence
    self.other = other
  }

  /// The other slot has a newer version that ran well here once, and waits for nothing.
  fileprivate var wentBack: Bool {
    guard let other, other.isGood, assessment != .staged, assessment != .trial else { return false }
    return other.image.sequence > sequence ?? 0
  }

  /// What was noted before a switch was cut off there.
  fileprivate func neverSwitched(_ passed: AutoMemory.Passed, _ now: AutoMoment) -> Bool {
    if case .switchNeverHappened = assessment { return true }
    switch other?.state {
    case .writing: return true
    // At the next boot krux-health accounts for it so. In the same boot it was an operator who called it off.
    case .cancelled: return other?.inconclusive == nil && passed.boot != now.boot
    default: return false
    }
  }
}
