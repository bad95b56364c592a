/// Which release of a channel a device may take.
///
/// Newest first: a release that failed here, that its rollout has not brought here yet, or that cannot be installed from what
/// runs is passed over, so that an older one that is still newer than the running one is offered, as a stepping stone
/// where the newer one asks for one.
public struct ReleasePolicy {
  private let index: ReleaseIndex
  private let facts: ReleaseFacts
  /// Releases for this hardware that nobody withdrew, newest first.
  private let candidates: [Release]

  public init(_ index: ReleaseIndex, _ facts: ReleaseFacts) {
    self.index = index
    self.facts = facts
    candidates = index.releases
      .filter { release in
        release.withdrawal == nil && release.compatible.contains(where: facts.hardware.contains)
          && release.sequence >= max(facts.floor, index.floor ?? 0)
      }
      .sorted { $0.sequence > $1.sequence }
  }

  private var newer: [Release] {
    candidates.filter { $0.sequence > facts.sequence ?? 0 && $0.imageDigest != facts.image }
  }

  /// - Parameter now: go ahead of the rollout.
  public func choose(now: Bool = false) -> ReleaseChoice {
    ReleaseChoice(
      newest: newer.first, offer: pinned ?? newest(now), runningWithdrawn: runningWithdrawn)
  }

  /// The release `version`, for an operator who names it: rollouts and pins do not count.
  ///
  /// - Throws: `withdrawn`, `unknownRelease`.
  public func named(_ version: String) throws(FeedFailure) -> Release {
    if let release = candidates.first(where: { $0.version == version }) { return release }
    let others = index.releases.filter { $0.version == version }
    if let withdrawal = others.lazy.compactMap(\.withdrawal).first {
      throw FeedFailure(
        .withdrawn, "release \(version) was withdrawn: \(withdrawal.reason.printable)",
        hint: "take another release; 'krux-update check' tells which")
    }
    let reason =
      others.isEmpty
      ? "channel \(index.channel) has no release \(version.printable)"
      : "release \(version) of channel \(index.channel) is not for this device"
    throw FeedFailure(
      .unknownRelease, reason, hint: "'krux-update check' tells what there is for this device")
  }

  /// A pinned device stays where it is or goes to the pinned version.
  private var pinned: ReleaseChoice.Offer? {
    guard let pin = facts.pin else { return nil }
    if pin == facts.version { return .held(newer.first, .pinned(pin)) }
    guard let release = candidates.first(where: { $0.version == pin }) else {
      return .held(newer.first, .pinUnknown(pin))
    }
    return hold(release).map { .held(release, $0) } ?? .available(release, towards: nil)
  }

  private func newest(_ now: Bool) -> ReleaseChoice.Offer {
    var first: ReleaseChoice.Offer?
    var towards: Release?
    for release in newer {
      if let hold = hold(release) {
        if case .sourceTooOld = hold { towards = towards ?? release }
        first = first ?? .held(release, hold)
        continue
      }
      switch now ? .now : availability(of: release) {
      case .now: return .available(release, towards: towards)
      case .later(let time): first = first ?? .later(release, time)
      case .unplanned: first = first ?? .held(release, .unplanned)
      }
    }
    return first ?? .upToDate
  }

  private func hold(_ release: Release) -> ReleaseChoice.Hold? {
    if let reason = facts.knownBad[release.imageDigest] { return .knownBad(reason) }
    if let minimum = release.minimumSource, let sequence = facts.sequence, sequence < minimum {
      return .sourceTooOld(minimum)
    }
    return nil
  }

  private func availability(of release: Release) -> Rollout.Availability {
    let place = Rollout.place(machineID: facts.machineID, manifest: release.manifestDigest)
    return release.rollout.availability(place: place, at: facts.now)
  }

  /// By the image where it is known: another image with the same sequence is not the release that was withdrawn.
  private var runningWithdrawn: Release? {
    index.releases.first { release in
      release.withdrawal != nil && release.sequence == facts.sequence
        && (facts.image.map { $0 == release.imageDigest } ?? true)
    }
  }
}
