/// When which share of the fleet is offered a release.
///
/// A device's place in the fleet follows from its machine id and the release, so that the same devices are not always
/// first, and so that a wave only ever adds devices to those of the waves before it.
public struct Rollout: Equatable, Sendable {
  public struct Wave: Equatable, Sendable {
    public var from: Timestamp
    /// Of the fleet, those of earlier waves included: 0 to 100.
    public var percent: Int

    public init(from: Timestamp, percent: Int) {
      self.from = from
      self.percent = percent
    }
  }

  /// In the order of time. None: everybody, at once.
  public var waves: [Wave]

  public init(waves: [Wave]) { self.waves = waves }

  public static let everybody = Rollout(waves: [])

  public enum Availability: Equatable, Sendable {
    case now
    case later(Timestamp)
    /// No wave that is planned reaches this device.
    case unplanned
  }

  /// A place in units of a hundredth of a percent, 0 to 9999. Devices without an id would all have one place, and a small
  /// wave would take all of them or none: they come last.
  public static func place(machineID: String?, manifest: Digest) -> Int {
    guard let machineID else { return 9_999 }
    let text = "krux-rollout\u{0}\(machineID)\u{0}\(manifest.hex)"
    let number = Digest(of: Array(text.utf8)).bytes.prefix(8).reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    return Int(number % 10_000)
  }

  public func availability(place: Int, at now: Timestamp) -> Availability {
    if waves.isEmpty { return .now }
    guard let wave = waves.first(where: { place < $0.percent * 100 }) else { return .unplanned }
    return wave.from <= now ? .now : .later(wave.from)
  }
}
