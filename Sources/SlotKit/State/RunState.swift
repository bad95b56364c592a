internal import SlotCore
internal import SystemPackage

/// What was seen in this boot, kept where a reboot forgets it.
struct RunState: Sendable {
  let directory: FilePath
  let bootID: String

  private var tryPath: FilePath { directory.appending("try-was-saved") }
  private var healthPath: FilePath { directory.appending("health.json") }
  private var trialPath: FilePath { directory.appending("trial") }
  private var givenUpPath: FilePath { directory.appending("given-up") }

  /// The bootloader's spent try was seen in this boot, before it was given back.
  var trySeen: Bool { Files.text(tryPath) == bootID }

  func recordTrySeen() throws(BootControlFailure) { try write(tryPath, bootID) }

  /// Who gave the running slot up in this boot, by the name of its `TrialAuthority`; nil when nobody did. A note
  /// that cannot be read counts as one: the other slot may be the only good one.
  var gaveUp: String? {
    let bytes: [UInt8]
    do {
      guard let read = try Files.read(givenUpPath, limit: 4096) else { return nil }
      bytes = read
    } catch { return "unknown" }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    return lines.count == 2 && lines[0] == bootID ? String(lines[1]) : nil
  }

  /// Before boot control is written, so that a watcher that is killed in between knows whose the reboot is.
  func recordGivenUp(by name: String) throws(BootControlFailure) {
    try write(givenUpPath, "\(bootID)\n\(name)\n")
  }

  /// Nil when nobody watched this boot.
  var health: HealthReport? {
    guard let bytes = try? Files.read(healthPath, limit: 64 << 10) else { return nil }
    return HealthReport(decoding: bytes, boot: bootID)
  }

  func record(_ report: HealthReport) throws(BootControlFailure) {
    try write(healthPath, report.encoded(boot: bootID))
  }

  /// The marker that tells services of an open trial: they must not change data in a way that the version
  /// before cannot read while it is there.
  func markTrial(version: String) throws(BootControlFailure) {
    try write(trialPath, Array("\(version)\n".utf8))
  }

  func unmarkTrial() { _ = Files.remove(trialPath) }

  private func write(_ path: FilePath, _ text: String) throws(BootControlFailure) {
    try write(path, Array(text.utf8))
  }

  private func write(_ path: FilePath, _ bytes: [UInt8]) throws(BootControlFailure) {
    do {
      try Files.makeDirectory(directory)
      try Files.replace(path, with: bytes)
    } catch {
      throw BootControlFailure(
        .ioFailed, "cannot write \(path): \(error)", hint: "run the command as root",
        systemError: (error as? Errno)?.rawValue)
    }
  }
}
