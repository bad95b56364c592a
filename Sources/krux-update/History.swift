internal import ArgumentParser
internal import SlotCore
internal import SlotKit

struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what happened to the slots, oldest first.",
    discussion: """
      From the ledger, which keeps the last 200 entries and carries them from version to version. 'log' knows of \
      refusals, checks and services too.

      EXAMPLES:
        krux-update history
        krux-update history -n 5
        krux-update history --json
      """)

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Only the last so many.", valueName: "count"))
  var lines = SlotCore.History.maximumCount

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard lines >= 0 else { throw ValidationError("-n takes a number that is not negative") }
  }

  func run() throws {
    let status = try common.updater().status()
    let entries = Array(status.history.suffix(lines))
    if common.json {
      Report.json([
        "type": .string("history"), "format": .integer(1), "entries": .array(entries.map(\.shown)),
        "warnings": .strings(status.warnings),
      ])
    } else {
      let width = entries.map { $0.event.printable.count }.max() ?? 0
      for entry in entries { Report.line(entry.row(eventWidth: width)) }
    }
    Report.warnings(status.warnings)
  }
}

extension HistoryEntry {
  /// `2026-11-22T10:00:00Z  A  confirmed  1.0.1  krux-health`
  fileprivate func row(eventWidth: Int) -> String {
    let event = event.printable
    let padding = String(repeating: " ", count: max(0, eventWidth - event.count))
    let row = "\(at)  \(slot.printable)  \(event)\(padding)  \(version.printable)"
    return detail.map { "\(row)  \($0.printable)" } ?? row
  }

  fileprivate var shown: JSONValue {
    .object([
      "number": .integer(number), "at": .string(at.description), "boot": .string(boot),
      "event": .string(event), "slot": .string(slot), "version": .string(version),
      "detail": detail.json,
    ])
  }
}
