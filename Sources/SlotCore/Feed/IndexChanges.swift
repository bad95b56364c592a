/// Changes of a channel's index, each with what it refuses.
extension ReleaseIndex {
  func releases(of version: String) throws(PublicationFailure) -> [Release] {
    let found = releases.filter { $0.version == version }
    guard !found.isEmpty else {
      throw PublicationFailure(
        .unknownRelease, "channel \(channel) has no release \(version.printable)",
        hint: "'krux-release feed status' lists the releases of each channel")
    }
    return found
  }

  /// - Throws: `releaseExists`, `belowFloor`.
  mutating func add(_ release: Release) throws(PublicationFailure) {
    if let old = releases.first(where: { $0.version == release.version && $0.overlaps(release) }) {
      let state = old.withdrawal == nil ? "" : ", withdrawn"
      throw PublicationFailure(
        .releaseExists, "channel \(channel) has release \(old.version) already\(state)",
        hint: "a release never changes: give the new one another version and sequence")
    }
    guard release.sequence >= floor ?? 0 else {
      throw PublicationFailure(
        .belowFloor,
        "release \(release.version) has sequence \(release.sequence), and the floor of channel \(channel) is \(floor ?? 0)",
        hint: "no device would take it")
    }
    releases.append(release)
  }

  /// - Throws: `sequenceTaken` when devices could not tell two images apart.
  func requireFree(_ release: Release) throws(PublicationFailure) {
    let taken = releases.first {
      $0.sequence == release.sequence && $0.overlaps(release)
        && $0.manifestDigest != release.manifestDigest
    }
    guard let taken else { return }
    throw PublicationFailure(
      .sequenceTaken,
      "sequence \(release.sequence) is that of release \(taken.version) in channel \(channel), another bundle",
      hint: "give every release a sequence of its own")
  }

  /// - Throws: `unknownRelease`, `withdrawn`.
  mutating func withdraw(
    _ version: String, _ withdrawal: Release.Withdrawal
  ) throws(PublicationFailure) {
    guard try releases(of: version).contains(where: { $0.withdrawal == nil }) else {
      throw PublicationFailure(
        .withdrawn, "release \(version) of channel \(channel) is withdrawn already",
        hint: "release a newer one: devices that run this one wait for it")
    }
    for index in releases.indices where releases[index].version == version {
      releases[index].withdrawal = releases[index].withdrawal ?? withdrawal
    }
  }

  /// - Parameter isForced: even if devices lose what they were offered.
  /// - Throws: `unknownRelease`, `takesBack`.
  mutating func setRollout(
    of version: String, _ rollout: Rollout, now: Timestamp, isForced: Bool
  ) throws(PublicationFailure) {
    for release in try releases(of: version) where !isForced {
      let (old, new) = (release.rollout.percent(at: now), rollout.percent(at: now))
      guard new >= old else {
        throw PublicationFailure(
          .takesBack,
          "release \(version) is offered to \(old) % of the devices, and would be to \(new) % only",
          hint:
            "begin with \(old)@+0d, withdraw the release if it is bad, or take it back with --force"
        )
      }
    }
    for index in releases.indices where releases[index].version == version {
      releases[index].rollout = rollout
    }
  }

  /// - Throws: `takesBack` for a lower floor; `belowFloor` for one that leaves nothing.
  mutating func setFloor(_ sequence: Int64, isForced: Bool) throws(PublicationFailure) {
    guard BundleLimits.sequence.contains(sequence) else {
      throw PublicationFailure(
        .invalidValue, "the floor must be 1 to 2^53-1", hint: "give the sequence of a release")
    }
    if let floor, sequence < floor, !isForced {
      throw PublicationFailure(
        .takesBack, "the floor of channel \(channel) is \(floor), and a floor only rises",
        hint: "lower it with --force if it was a mistake")
    }
    let newest = releases.filter { $0.withdrawal == nil }.map(\.sequence).max() ?? 0
    guard sequence <= newest else {
      throw PublicationFailure(
        .belowFloor,
        "no release of channel \(channel) would be left: the newest has sequence \(newest)",
        hint: "add the release that the floor is for first")
    }
    floor = sequence
  }
}

extension Release {
  /// Whether there may be a device that both are for.
  fileprivate func overlaps(_ other: Release) -> Bool {
    compatible.contains(where: other.compatible.contains)
  }
}

extension Rollout {
  /// The share of the fleet that is offered the release at that moment.
  public func percent(at now: Timestamp) -> Int {
    waves.isEmpty ? 100 : waves.filter { $0.from <= now }.map(\.percent).max() ?? 0
  }

  /// Reads waves as a publisher writes them: `PERCENT@TIME` or `PERCENT@+DAYSd`, in the order of time.
  ///
  /// - Throws: `invalidValue`.
  public init(waves texts: [String], now: Timestamp) throws(PublicationFailure) {
    var waves: [Wave] = []
    for text in texts {
      guard let wave = Wave(text, now: now) else {
        throw Rollout.invalid("'\(text.printable)' is no wave")
      }
      waves.append(wave)
    }
    let isOrdered = zip(waves, waves.dropFirst()).allSatisfy {
      $0.from < $1.from && $0.percent < $1.percent
    }
    guard isOrdered else { throw Rollout.invalid("the waves have to rise, in time and in percent") }
    guard waves.count <= 64 else { throw Rollout.invalid("there can be 64 waves") }
    self.init(waves: waves)
  }

  private static func invalid(_ message: String) -> PublicationFailure {
    PublicationFailure(
      .invalidValue, message,
      hint: "as in --wave 5@+0d --wave 50@+2d --wave 100@2027-01-31T12:00:00Z")
  }
}

extension Rollout.Wave {
  fileprivate init?(_ text: String, now: Timestamp) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let percent = Int(parts[0]), (0...100).contains(percent) else {
      return nil
    }
    if let time = Timestamp(parts[1]) {
      self.init(from: time, percent: percent)
    } else {
      guard parts[1].hasPrefix("+"), parts[1].hasSuffix("d"),
        let days = Int64(parts[1].dropFirst().dropLast()), (0...3650).contains(days)
      else { return nil }
      self.init(from: Timestamp(seconds: now.seconds + days * 86_400), percent: percent)
    }
  }
}
