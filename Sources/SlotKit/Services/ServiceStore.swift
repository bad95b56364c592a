internal import SlotCore
internal import SystemPackage

/// `services.json` in the state directory, and the one before it.
struct ServiceStore: Sendable {
  let directory: FilePath
  /// What has to be mounted: without it the directory, if there is one, is not the one meant.
  let mount: FilePath?

  private var current: FilePath { directory.appending("services.json") }
  private var previous: FilePath { directory.appending("services.previous.json") }

  /// The record, and what a person should know of it. Damage costs history, and never a service.
  ///
  /// - Throws: `ioFailed` where the data partition cannot be read.
  func load() throws(ServiceFailure) -> (records: ServiceRecords, warnings: [String]) {
    try requireMount()
    do {
      return (try read(current) ?? ServiceRecords(), [])
    } catch  where error.code == .damagedRecord {
      let before = try? read(previous)
      let rest = before == nil ? "it begins anew" : "the one before it is used"
      return (before ?? ServiceRecords(), ["\(error.message); \(rest)"])
    }
  }

  private func read(_ path: FilePath) throws(ServiceFailure) -> ServiceRecords? {
    let bytes: [UInt8]?
    do { bytes = try Files.read(path, limit: ServiceRecords.byteLimit) } catch Errno.fileTooLarge {
      throw ServiceFailure(.damagedRecord, "the record of services is too long")
    } catch { throw .io("read", path, error) }
    return try bytes.map { bytes throws(ServiceFailure) in try ServiceRecords(decoding: bytes) }
  }

  /// - Throws: `ioFailed`, `noSpace`.
  func save(_ records: ServiceRecords) throws(ServiceFailure) {
    try requireMount()
    // A damaged one must not take the place of the one before it.
    let isWhole = if case .some = try? read(current) { true } else { false }
    do {
      try Files.makeDirectory(directory)
      try Files.replace(
        current, with: records.encoded(), previous: isWhole ? previous : nil)
    } catch { throw .io("write", current, error) }
  }

  private func requireMount() throws(ServiceFailure) {
    guard let mount, !Mounts.isMountPoint(mount) else { return }
    throw ServiceFailure(
      .ioFailed, "the data partition is not mounted at \(mount)",
      hint: "mount it, and run the command again")
  }
}
