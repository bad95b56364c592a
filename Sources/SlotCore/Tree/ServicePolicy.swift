/// Whether the tree of a release with a valid signature becomes that of its service.
public enum ServicePolicy {
  public enum Decision: Equatable, Sendable {
    case proceed
    /// The service runs from it, found healthy.
    case alreadyRunning
    /// `current` leads to it, and nobody has asked for its health yet.
    case unproven
  }

  /// What the release is for, and whether it has trees at all.
  ///
  /// - Returns: the trees, in their order.
  /// - Throws: `PolicyFailure`.
  public static func trees(
    of manifest: Manifest, product: String?, hardware: [String]
  ) throws(PolicyFailure) -> [Artefact] {
    try InstallPolicy.checkIdentity(manifest, product: product, hardware: hardware)
    let trees = manifest.artefacts.filter { $0.kind == .tree }
    guard !trees.isEmpty else {
      throw PolicyFailure(
        .unsupportedArtefact, "the bundle holds no services",
        hint: "run the command without --service-only to install its image")
    }
    return trees
  }

  /// - Parameters:
  ///   - linked: the version that `current` leads to.
  /// - Throws: the first reason against it.
  public static func decide(
    _ manifest: Manifest, _ tree: Artefact, _ record: ServiceRecord, linked: String?,
    overrides: InstallOverrides
  ) throws(PolicyFailure) -> Decision {
    if record.next?.imageDigest == tree.imageDigest, linked == record.next?.version {
      return .unproven
    }
    if record.current?.imageDigest == tree.imageDigest, linked == record.current?.version {
      return .alreadyRunning
    }
    let what = "\(tree.name) \(manifest.version)"
    guard manifest.sequence >= record.floor else {
      throw PolicyFailure(
        .belowFloor,
        "\(what) has sequence \(manifest.sequence), below the floor \(record.floor) of the service",
        hint: "nothing overrides the floor: install a newer release")
    }
    try checkSequence(manifest, tree, record, linked, overrides)
    if !overrides.force,
      let bad = record.knownBad.last(where: { $0.imageDigest == tree.imageDigest })
    {
      throw PolicyFailure(
        .knownBad, "\(what) failed on this device before: \(bad.reason.printable)",
        hint: "install a newer release, or add --force to try it again")
    }
    return .proceed
  }

  private static func checkSequence(
    _ manifest: Manifest, _ tree: Artefact, _ record: ServiceRecord, _ linked: String?,
    _ overrides: InstallOverrides
  ) throws(PolicyFailure) {
    let what = "\(tree.name) \(manifest.version)"
    let running = record.running(linked: linked)
    // The folder of the running tree has its name already, whoever put it there.
    let isOther = running?.imageDigest != tree.imageDigest
    guard linked != manifest.version, !isOther || running?.sequence != manifest.sequence else {
      throw PolicyFailure(
        .sameSequence,
        "\(what) has the version or the sequence of the running tree, and is another one",
        hint: "the publisher has to give it a version and a sequence of its own")
    }
    guard let running else { return }
    let runs = "\(running.version) (sequence \(running.sequence))"
    if manifest.sequence < running.sequence, !overrides.allowDowngrade {
      throw PolicyFailure(
        .downgrade, "\(what) (sequence \(manifest.sequence)) is older than the running \(runs)",
        hint: "add --allow-downgrade to go back on purpose")
    }
    if let minimum = manifest.minimumSource, running.sequence < minimum {
      throw PolicyFailure(
        .sourceTooOld,
        "\(what) can be installed from sequence \(minimum) on, and what runs is \(runs)",
        hint: "install a release in between first")
    }
  }
}
