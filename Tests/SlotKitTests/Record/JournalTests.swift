import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage
import Testing

@testable import SlotKit

@Suite struct JournalTests {
  private let message = JournalMessage(
    RecordEvent(.staged, slot: .b, version: "1.0.1"),
    RecordStamp(at: .init(seconds: 0), boot: "b", command: "krux-update apply"),
    identifier: "krux-update")

  @Test func journaldIsToldInOneDatagram() throws {
    try withScratch { scratch in
      let journal = try DatagramReceiver(scratch.path("journal").string)
      #expect(Journal(socket: scratch.path("journal")).send(message))
      let text = try #require(journal.receive())
      #expect(text == String(decoding: message.encoded, as: UTF8.self))
      #expect(journal.receive(isWaiting: false) == nil)
    }
  }

  @Test func withoutJournaldNothingHappens() throws {
    try withScratch { scratch in
      #expect(!Journal(socket: scratch.path("journal")).send(message))
    }
  }

  /// A journald that hangs holds up nobody: its queue fills, and what does not fit is lost.
  @Test func aJournaldThatDoesNotReadIsNotWaitedFor() throws {
    try withScratch { scratch in
      let played = try DatagramReceiver(scratch.path("journal").string)
      let journal = Journal(socket: scratch.path("journal"))
      var count = 0
      while count < 100_000, journal.send(message) { count += 1 }
      #expect(count < 100_000)
      #expect(played.receive() != nil)
      #expect(journal.send(message))
    }
  }

  @Test func theLongestMessageFitsIntoADatagram() throws {
    try withScratch { scratch in
      let played = try DatagramReceiver(scratch.path("journal").string)
      let event = RecordEvent(.failed, reason: String(repeating: "\u{10FFFF}", count: 100_000))
      let stamp = RecordStamp(at: .init(seconds: 0), boot: "b", command: "c")
      #expect(
        Journal(socket: scratch.path("journal"))
          .send(JournalMessage(event, stamp, identifier: "c")))
      #expect(played.receive() != nil)
    }
  }

  @Test func aStreamOfTheJournalIsKnown() throws {
    try withScratch { scratch in
      try scratch.write("stream", "")
      let file = try FileDescriptor.open(scratch.path("stream"), .readOnly)
      defer { try? file.close() }
      var status = stat()
      #expect(fstat(file.rawValue, &status) == 0)
      #expect(Journal.isStream("\(status.st_dev):\(status.st_ino)", file.rawValue))
      #expect(!Journal.isStream("\(status.st_dev):\(status.st_ino + 1)", file.rawValue))
      #expect(!Journal.isStream("", file.rawValue))
    }
  }

  @Test(arguments: [
    (["/usr/bin/krux-update", "apply", "x"], "krux-update apply"),
    (["/usr/bin/krux", "update", "apply"], "krux-update apply"),
    (["krux-update"], "krux-update"), (["krux-update", "--help"], "krux-update"),
    (["krux-update", "\u{1B}[2J"], "krux-update"), ([], "unknown"),
  ])
  func whoDidIt(_ vector: [String], _ command: String) {
    #expect(ProcessArguments.command(of: vector) == command)
  }
}
