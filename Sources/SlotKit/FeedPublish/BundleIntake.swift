public import SlotCore
internal import SystemPackage

/// A bundle on its way into a feed: verified whole, as a device verifies it.
public struct BundleIntake {
  public let product: String
  public let release: Release
  /// Where the bundle is to stand below the feed's folder; nil when it is served from elsewhere.
  private let place: FilePath?
  private let path: String
  private let ring: KeyRing

  /// - Parameter address: where devices fetch it, if not from the feed.
  /// - Throws: `SourceFailure`, `BundleFailure`, `TrustFailure`, `invalidValue`.
  public init(
    _ path: String, keys ring: KeyRing, address: String?, severity: Release.Severity,
    rollout: Rollout, now: Timestamp, folder: FeedFolder
  ) throws {
    let name = FilePath(path).lastComponent?.string ?? ""
    guard address != nil || Name.isValid(name) else {
      throw PublicationFailure(
        .invalidValue, "'\(name.printable)' cannot be the name of a bundle in a feed",
        hint: "1 to 64 of letters, digits and . _ + ~ : , -")
    }
    let bundle = try BundleIntake.verified(path, ring)
    let manifest = bundle.manifest
    guard let image = manifest.slotImage else {
      throw BundleFailure(
        .malformedManifest, "\(path.printable) holds no slot image",
        hint: "a feed's releases are whole: add the image to the bundle")
    }
    product = manifest.product
    release = Release(
      version: manifest.version, sequence: manifest.sequence,
      minimumSource: manifest.minimumSource, compatible: manifest.compatible, released: now,
      severity: severity, notes: manifest.notes, bundle: address ?? "bundles/\(name)",
      bundleLength: bundle.length, manifestDigest: bundle.trusted.digest,
      imageDigest: image.imageDigest,
      services: manifest.artefacts.filter { $0.kind == .tree }
        .map { Release.Service(name: $0.name, imageDigest: $0.imageDigest) },
      rollout: rollout)
    place = address == nil ? folder.path.appending("bundles").appending(name) : nil
    self.path = path
    self.ring = ring
  }

  private static func verified(_ path: String, _ ring: KeyRing) throws -> OpenedBundle {
    let cancellation = Cancellation()
    let reader = try BundleSource.file(path).open(Configuration(), cancellation)
    let bundle = try OpenedBundle(reader, ring: ring)
    try bundle.verifyContent(cancellation)
    return bundle
  }

  /// Copies the bundle into the feed, unless it is there already.
  ///
  /// - Throws: `OutputFailure`: `exists` when another one has its name.
  public func copy() throws {
    guard let place else { return }
    if Files.exists(place) {
      let there = try? BundleIntake.verified(place.string, ring)
      guard there?.trusted.digest == release.manifestDigest else {
        throw OutputFailure(
          .exists, "another file is \(place.string.printable) already",
          hint: "give every bundle a name of its own, with its version in it")
      }
      return
    }
    let input = try InputFile(path)
    do { try Files.makeDirectory(place.removingLastComponent()) } catch {
      throw OutputFailure.cannotWrite(place, error)
    }
    let output = try OutputFile(besides: place)
    try output.append(input.descriptor, from: 0, length: input.length)
    try output.publish(replacing: false)
  }
}
