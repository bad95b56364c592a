internal import SlotCore
internal import SystemPackage

/// The file `check.json` in the state directory.
struct LastCheckStore: Sendable {
  private let path: FilePath

  init(directory: FilePath) { path = directory.appending("check.json") }

  /// Nil where there is none, or none that can be read.
  func load() -> LastCheck? {
    let bytes = try? Files.read(path, limit: LastCheck.byteLimit)
    return bytes.flatMap { $0 }.flatMap { LastCheck(decoding: $0) }
  }

  /// Losing it costs a line of the audit log, and since when a feed is not reached: nothing fails for it.
  func save(_ check: LastCheck) { try? Files.replace(path, with: check.encoded) }
}
