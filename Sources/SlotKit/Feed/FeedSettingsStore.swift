public import SlotCore
public import SystemPackage

/// The file `feed.json` in the state directory.
public struct FeedSettingsStore: Sendable {
  public let path: FilePath

  public init(directory: FilePath) { path = directory.appending("feed.json") }

  /// What an operator chose; nothing where there is no file.
  ///
  /// - Throws: `damagedSettings`, and `ioFailed` when the file cannot be read.
  public func load() throws -> FeedSettings {
    let bytes: [UInt8]?
    do { bytes = try Files.read(path, limit: FeedSettings.byteLimit) } catch {
      throw FeedFailure(
        .ioFailed, "cannot read \(path): \(error)", hint: "check the data partition",
        systemError: (error as? Errno)?.rawValue)
    }
    return try bytes.map { bytes throws(FeedFailure) in try FeedSettings(decoding: bytes) }
      ?? FeedSettings()
  }

  /// Atomically and durably.
  ///
  /// - Throws: `ioFailed`.
  public func save(_ settings: FeedSettings) throws(FeedFailure) {
    do { try Files.replace(path, with: settings.encoded) } catch {
      throw FeedFailure(
        .ioFailed, "cannot write \(path): \(error)", hint: "check the data partition",
        systemError: (error as? Errno)?.rawValue)
    }
  }
}
