internal import SystemPackage

@testable internal import SlotCore
@testable internal import SlotKit

/// The record.
let recordTargets = [FuzzTarget(name: "audit-log", maximumLength: 8192, body: fuzzAuditLog)]

/// The older file in front of the first zero byte, the newer behind it.
@Sendable private func fuzzAuditLog(_ bytes: [UInt8]) throws {
  let (older, newer) = Input.text(bytes)
  let path = Scratch.file("audit.log", newer)
  _ = Scratch.file("audit.log.1", older)
  let log = AuditLog(directory: path.removingLastComponent())
  let lines = [older, newer].flatMap { $0.split(separator: UInt8(ascii: "\n")) }
  let entries = try read(log)
  require(entries.count <= lines.count, "an entry is a line")
  for entry in entries {
    let line = Array(entry.line.utf8)
    require(!line.contains(UInt8(ascii: "\n")), "what is written is one line")
    require(RecordEntry(line: line) == entry, "an entry is written as it was read")
    let sentence = entry.event.sentence
    require(sentence == sentence.printable, "a sentence is printable")
  }
  // Whatever stands in it, the log goes on.
  let stamp = RecordStamp(at: Timestamp(seconds: 0), boot: "fuzz", command: "fuzz")
  let last = RecordEntry(RecordEvent(.staged, slot: .b, version: "1"), stamp)
  require(log.append(last), "a line can be added")
  require(try read(log) == whole(older, newer) + [last], "and is read behind all others")
}

private func read(_ log: AuditLog) throws -> [RecordEntry] {
  var entries: [RecordEntry] = []
  try AuditLogReader(log).read { _, entry in entries.append(entry) }
  return entries
}

/// A last line of the newer file that had no end has one now; one of the older file never gets any.
private func whole(_ older: [UInt8], _ newer: [UInt8]) -> [RecordEntry] {
  let end = UInt8(ascii: "\n")
  let older = older.lastIndex(of: end).map { older[...$0] } ?? []
  return [older, newer[...]].flatMap { $0.split(separator: end) }
    .compactMap { RecordEntry(line: Array($0)) }
}
