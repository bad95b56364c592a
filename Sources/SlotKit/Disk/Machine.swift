public import SlotCore
public import SystemPackage

/// Where one slot is.
public struct SlotLocation: Equatable, Sendable {
  public let slot: SlotName
  public let path: FilePath
  /// For people: `sda3`.
  public let displayName: String
  /// Bytes.
  public let capacity: UInt64

  public init(slot: SlotName, path: FilePath, displayName: String, capacity: UInt64) {
    self.slot = slot
    self.path = path
    self.displayName = displayName
    self.capacity = capacity
  }
}

/// The two slots and the one that runs: a device, or a folder that plays one.
public protocol Machine: Sendable {
  var bootedSlot: SlotName { get }
  /// Differs from boot to boot.
  var bootID: String { get }
  /// What a person should know and nothing has to be refused for, such as the same labels on another disk.
  var warnings: [String] { get }

  /// - Throws: `SlotFailure`.
  func location(of slot: SlotName) throws -> SlotLocation

  /// Refuses a target that is mounted or the booted one, beside what opening it exclusively refuses.
  ///
  /// - Throws: `SlotFailure`.
  func checkTarget(_ location: SlotLocation) throws

  /// - Throws: `SlotFailure`.
  func open(_ location: SlotLocation, _ access: DirectDevice.Access) throws -> any SlotDevice

  /// - Throws: `SlotFailure.rebootFailed`.
  func reboot() throws

  /// The boot script said on the kernel's command line that this boot is a trial: what is known of it even when
  /// the boot partition does not mount.
  var startedAsTrial: Bool { get }

  /// What hardware and kernel kept of the boot before this one, `since` an image was staged.
  func traces(since: Timestamp) -> TrialTraces
}

extension Machine {
  public var startedAsTrial: Bool { false }
  public func traces(since: Timestamp) -> TrialTraces { TrialTraces() }

  public func open(_ location: SlotLocation, _ access: DirectDevice.Access) throws -> any SlotDevice
  {
    try DirectDevice(location, access: access)
  }
}
