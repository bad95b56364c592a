import Foundation
import SlotCore
import Synchronization
import SystemPackage
import Testing

@testable import SlotKit

@Suite struct AuditLogTests {
  static func entry(_ reason: String) -> RecordEntry {
    RecordEntry(
      RecordEvent(.refused, reason: reason),
      RecordStamp(at: .init(seconds: 0), boot: "boot", command: "krux-update apply"))
  }

  static func log(_ scratch: Scratch, bytes: Int = 1 << 20, files: Int = 2) -> AuditLog {
    var settings = RecordSettings()
    settings.logBytes = bytes
    settings.logFiles = files
    return AuditLog(directory: scratch.path("state"), settings: settings)
  }

  static func reasons(_ log: AuditLog) throws -> [String] {
    var reasons: [String] = []
    try AuditLogReader(log).read { _, entry in reasons.append(entry.event.reason ?? "") }
    return reasons
  }

  @Test func eachLineIsAppended() throws {
    try withScratch { scratch in
      let log = AuditLogTests.log(scratch)
      for reason in ["a", "b"] { #expect(log.append(AuditLogTests.entry(reason))) }
      let lines = [AuditLogTests.entry("a").line, AuditLogTests.entry("b").line]
      let text = try scratch.read("state/audit.log")
      #expect(text == lines.joined(separator: "\n") + "\n")
      #expect(try AuditLogTests.reasons(log) == ["a", "b"])
    }
  }

  /// A power cut, or a full disk, left a part of a line.
  @Test func aTornLineCostsOnlyItself() throws {
    try withScratch { scratch in
      let line = AuditLogTests.entry("torn").line
      for count in [1, 20, line.utf8.count - 1] {
        try scratch.write(
          "state/audit.log", AuditLogTests.entry("a").line + "\n" + line.prefix(count))
        let log = AuditLogTests.log(scratch)
        #expect(try AuditLogTests.reasons(log) == ["a"])
        #expect(log.append(AuditLogTests.entry("b")))
        #expect(try AuditLogTests.reasons(log) == ["a", "b"])
      }
    }
  }

  @Test func itIsBounded() throws {
    try withScratch { scratch in
      let log = AuditLogTests.log(scratch, bytes: 1000, files: 3)
      let count = 60
      for number in 0..<count { #expect(log.append(AuditLogTests.entry("\(number)"))) }
      let names = try FileManager.default.contentsOfDirectory(
        atPath: scratch.path("state").string)
      #expect(Set(names) == ["audit.log", "audit.log.1", "audit.log.2"])
      for name in names { #expect(try scratch.read("state/\(name)").utf8.count < 1200) }
      // The newest, none missing, in their order.
      let numbers = try AuditLogTests.reasons(log).compactMap { Int($0) }
      #expect(numbers == Array((count - numbers.count)..<count))
      #expect(numbers.count > 2 * 1000 / AuditLogTests.entry("00").line.utf8.count - 2)
    }
  }

  /// Two writers that both find it full must not each move it: the older file would be lost.
  @Test func onlyTheNewestFileIsMoved() throws {
    try withScratch { scratch in
      let log = AuditLogTests.log(scratch, bytes: 1)
      #expect(log.append(AuditLogTests.entry("first")))
      let isDone = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: 8) { number in
        let other = AuditLogTests.log(scratch, bytes: 1 << 20)
        for line in 0..<25 where other.append(AuditLogTests.entry("\(number).\(line)")) {
          isDone.withLock { $0 += 1 }
        }
      }
      #expect(isDone.withLock { $0 } == 200)
      let reasons = try AuditLogTests.reasons(log)
      #expect(reasons.count == 201)
      #expect(Set(reasons).count == 201)
    }
  }

  /// A real file system that is really full: whole lines up to where it ended, and whole ones behind that.
  @Test func aFullDiskCostsWholeLines() throws {
    try withFullDisk("size=40k") { scratch, filler in
      let warnings = Mutex<[String]>([])
      let log = AuditLog(directory: scratch.path("state")) { text in
        warnings.withLock { $0.append(text) }
      }
      var count = 0
      while log.append(AuditLogTests.entry("\(count)")) { count += 1 }
      // More than a page, so that one ended within a line.
      #expect(count > 40)
      for _ in 0..<3 { #expect(!log.append(AuditLogTests.entry("lost"))) }
      #expect(try scratch.read("state/audit.log").hasSuffix("}\n"))
      try filler.remove()
      #expect(log.append(AuditLogTests.entry("next")))
      let reader = AuditLogReader(log)
      var reasons: [String] = []
      try reader.read { _, entry in reasons.append(entry.event.reason ?? "") }
      #expect(reasons == (0..<count).map { "\($0)" } + ["next"])
      #expect(reader.damagedCount == 0)
      let told = warnings.withLock { $0 }
      #expect(told.count == 1)
      #expect(told.first?.contains("No space left on device") == true)
    }
  }

  /// No file can be made: the old one has its next number, nothing of it is lost, and a new one is begun later.
  @Test func aRotationOnAFullDiskLosesNothing() throws {
    try withFullDisk("nr_inodes=3") { scratch, filler in
      let log = AuditLogTests.log(scratch, bytes: 1)
      #expect(log.append(AuditLogTests.entry("0")))
      for _ in 0..<3 { #expect(!log.append(AuditLogTests.entry("lost"))) }
      #expect(try AuditLogTests.reasons(log) == ["0"])
      try filler.remove()
      #expect(log.append(AuditLogTests.entry("1")))
      #expect(try AuditLogTests.reasons(log) == ["0", "1"])
    }
  }

  private struct Filler {
    let path: String
    func remove() throws { try FileManager.default.removeItem(atPath: path) }
  }

  /// The folder `state` is a tmpfs(5) with `option`, and in it a file of 20 KiB, named `filler`, that `body` may remove.
  private func withFullDisk(
    _ option: String, _ body: (Scratch, Filler) throws -> Void
  ) throws {
    try withScratch { scratch in
      let state = scratch.path("state").string
      try FileManager.default.createDirectory(
        atPath: state, withIntermediateDirectories: true)
      try runProgram("mount", "-t", "tmpfs", "-o", option, "tmpfs", state)
      defer { _ = try? runProgram("umount", state) }
      let filler = scratch.path("state/filler").string
      try Data(count: 20 << 10).write(to: URL(filePath: filler))
      try body(scratch, Filler(path: filler))
    }
  }

  @Test func fewerFilesAreKeptAfterTheSettingIsLowered() throws {
    try withScratch { scratch in
      let many = AuditLogTests.log(scratch, bytes: 1, files: 5)
      for number in 0..<6 { #expect(many.append(AuditLogTests.entry("\(number)"))) }
      let before = try AuditLogTests.reasons(many)
      #expect(before == ["1", "2", "3", "4", "5"])
      let few = AuditLogTests.log(scratch, bytes: 1, files: 2)
      #expect(few.append(AuditLogTests.entry("6")))
      #expect(try AuditLogTests.reasons(few) == ["5", "6"])
    }
  }

  @Test func withoutTheDataPartitionNothingIsWritten() throws {
    try withScratch { scratch in
      try scratch.write("state/there", "")
      let log = AuditLog(directory: scratch.path("state"), mount: scratch.path("state"))
      #expect(!log.append(AuditLogTests.entry("a")))
      #expect(!Files.exists(scratch.path("state/audit.log")))
    }
  }

  /// What stands in its place is left alone: a pipe would have nobody who reads it, a link leads elsewhere.
  @Test(arguments: ["mkfifo", "ln -s ../elsewhere", "mkdir"])
  func onlyAFileIsWritten(_ command: String) throws {
    try withScratch { scratch in
      try scratch.write("state/there", "")
      try runProgram("sh", "-c", "\(command) '\(scratch.path("state/audit.log"))'")
      #expect(!AuditLogTests.log(scratch).append(AuditLogTests.entry("a")))
      #expect(!Files.exists(scratch.path("elsewhere")))
    }
  }

  @Test func anythingMayStandInTheFile() throws {
    try withScratch { scratch in
      let good = AuditLogTests.entry("good").line
      let long = String(repeating: "x", count: 100_000)
      try scratch.write("state/audit.log", "\n\u{0}\n{\n\(long)\n\(good)\n[]\n\(good)\n{\"event\"")
      let reader = AuditLogReader(AuditLogTests.log(scratch))
      var count = 0
      try reader.read { _, _ in count += 1 }
      #expect(count == 2)
      #expect(reader.damagedCount == 3)
    }
  }

  @Test func theLastOnesInTheirOrder() throws {
    try withScratch { scratch in
      let log = AuditLogTests.log(scratch, bytes: 2000)
      for number in 0..<20 { log.append(AuditLogTests.entry("\(number)")) }
      func last(_ count: Int) throws -> [String?] {
        try AuditLogReader(log).last(count).map(\.entry.event.reason)
      }
      let three = try last(3)
      #expect(three == ["17", "18", "19"])
      #expect(try last(0) == [])
      #expect(try last(1000).count == AuditLogTests.reasons(log).count)
    }
  }

  // MARK: - Following

  private struct Enough: Error {}

  /// Each line once and in its order, through rotations, while others write.
  @Test func itIsFollowedThroughRotations() throws {
    try withScratch { scratch in
      let log = AuditLogTests.log(scratch, bytes: 3000, files: 16)
      #expect(log.append(AuditLogTests.entry("0")))
      let count = 120
      let reader = AuditLogReader(log)
      var reasons: [String] = []
      try reader.read { _, entry in reasons.append(entry.event.reason ?? "") }
      let directory = scratch.path("state")
      let writer = Threads.start {
        var settings = RecordSettings()
        settings.logBytes = 3000
        settings.logFiles = 16
        let log = AuditLog(directory: directory, settings: settings)
        for number in 1..<count { log.append(AuditLogTests.entry("\(number)")) }
      }
      #expect(throws: Enough.self) {
        try reader.follow { _, entry in
          reasons.append(entry.event.reason ?? "")
          if reasons.count == count { throw Enough() }
        }
      }
      writer?.join()
      #expect(reasons == (0..<count).map { "\($0)" })
      #expect(reader.damagedCount == 0)
    }
  }

  @Test func itIsFollowedBeforeThereIsOne() throws {
    try withScratch { scratch in
      try scratch.write("state/there", "")
      let directory = scratch.path("state")
      let writer = Threads.start {
        AuditLog(directory: directory).append(AuditLogTests.entry("first"))
      }
      let reader = AuditLogReader(AuditLog(directory: directory))
      #expect(throws: Enough.self) {
        try reader.follow { _, entry in if entry.event.reason == "first" { throw Enough() } }
      }
      writer?.join()
    }
  }

  /// The data partition is taken away: then there is nothing more to wait for.
  @Test func theEndOfTheDirectoryEndsIt() throws {
    try withScratch { scratch in
      let log = AuditLogTests.log(scratch)
      #expect(log.append(AuditLogTests.entry("a")))
      let directory = scratch.path("state").string
      #expect(throws: LedgerFailure.self) {
        try AuditLogReader(log).follow { _, _ in
          try FileManager.default.removeItem(atPath: directory)
        }
      }
    }
  }
}
