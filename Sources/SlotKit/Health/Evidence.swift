internal import Glibc
public import SlotCore
public import SystemPackage

/// What the machine kept of how the boot before this one ended.
public struct BootEvidence: Equatable, Sendable {
  /// The kernel's last words, as the firmware or reserved memory kept them.
  public struct Panic: Equatable, Sendable {
    /// `Kernel panic - not syncing: ...`, fit for a reason.
    public var line: String
    /// When the record was written; of a boot long ago, perhaps.
    public var at: Timestamp

    public init(line: String, at: Timestamp) {
      self.line = line
      self.at = at
    }
  }

  /// The last reset came from the hardware watchdog.
  public var watchdogReset: Bool
  /// The newest record of a panic.
  public var panic: Panic?

  public init(watchdogReset: Bool = false, panic: Panic? = nil) {
    self.watchdogReset = watchdogReset
    self.panic = panic
  }

  /// Where the evidence lies.
  public struct Places: Sendable {
    /// The flags of WDIOC_GETBOOTSTATUS as a decimal number.
    public var bootStatus: FilePath = "/sys/class/watchdog/watchdog0/bootstatus"
    /// pstore itself, and where systemd-pstore(8) moves its records to, in folders of two levels.
    public var records: [FilePath] = ["/sys/fs/pstore", "/var/lib/systemd/pstore"]

    public init() {}
  }

  /// Reads it; what is not there is no evidence.
  public static func collect(_ places: Places = Places()) -> BootEvidence {
    let flags = Files.text(places.bootStatus).flatMap { UInt32($0) } ?? 0
    var left = maximumRecords
    let panics = places.records.flatMap { panicRecords(in: $0, levels: 2, left: &left) }
    return BootEvidence(
      watchdogReset: flags & cardReset != 0, panic: panics.max { $0.at < $1.at })
  }

  /// WDIOF_CARDRESET of <linux/watchdog.h>: "Card previously reset the CPU".
  private static let cardReset: UInt32 = 0x20
  private static let maximumRecords = 256
  private static let maximumRecordBytes = 1 << 20
  private static let panicWords = "Kernel panic - not syncing"

  private static func panicRecords(
    in folder: FilePath, levels: Int, left: inout Int
  ) -> [Panic] {
    var found: [Panic] = []
    // Names carry numbers that grow: the last are the newest, and those a bound has to keep.
    for name in Files.names(in: folder).reversed() where left > 0 {
      let path = folder.appending(name)
      guard let status = Files.status(path) else { continue }
      left -= 1
      if status.type == .directory, levels > 0 {
        found += panicRecords(in: path, levels: levels - 1, left: &left)
      } else if status.type == .regular, name.hasPrefix("dmesg"), let line = panicLine(path) {
        found.append(Panic(line: line, at: Timestamp(seconds: Int64(status.st_mtim.tv_sec))))
      }
    }
    return found
  }

  private static func panicLine(_ path: FilePath) -> String? {
    guard let text = Files.text(path, limit: maximumRecordBytes),
      let words = text.firstRange(of: panicWords)
    else { return nil }
    return ReasonText.line(String(text[words.lowerBound...].prefix { !$0.isNewline }))
  }
}
