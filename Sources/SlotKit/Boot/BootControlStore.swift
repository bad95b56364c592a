public import SlotCore

/// The environment of one bootloader, on disk.
public protocol BootControlStore: Sendable {
  /// - Throws: `BootControlFailure.missing`, `.damaged`, `.ioFailed`.
  func load() throws(BootControlFailure) -> BootControl

  /// Writes `control` so that a reader sees the state before or the state after, and returns when it is on
  /// the medium.
  ///
  /// - Throws: `BootControlFailure`; then the old state is in place.
  func save(_ control: BootControl) throws(BootControlFailure)

  /// Puts a new environment in the place of a missing or damaged one.
  ///
  /// - Throws: `BootControlFailure.ioFailed`.
  func recreate(_ control: BootControl) throws(BootControlFailure)
}

extension BootControlStore {
  /// What the boot script sees: its own defaults where the environment cannot be read.
  public func loadAsBootloader() throws(BootControlFailure) -> BootControl {
    do { return try load() } catch  where error.code == .missing || error.code == .damaged {
      return .scriptDefaults
    }
  }
}
