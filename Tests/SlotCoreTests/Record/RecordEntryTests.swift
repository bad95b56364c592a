import SlotCore
import Testing

@Suite struct RecordEntryTests {
  static let stamp = RecordStamp(
    at: Timestamp(seconds: 1_700_000_000), boot: "boot-1", command: "krux-update apply")
  static let event = RecordEvent(
    .staged, slot: .b, version: "1.0.1", sequence: 12, imageDigest: Digest(of: [1]),
    service: "vault", reason: "a \"b\"\nc", code: "trust.bad_signature",
    figures: UpdateFigures(
      fetchedBytes: 1, savedBytes: .max, writtenBytes: 3, milliseconds: 1234))

  @Test func theLine() {
    let line = RecordEntry(RecordEvent(.rebooting, reason: "a\nb"), RecordEntryTests.stamp).line
    #expect(
      line == #"{"event":"update","kind":"rebooting","at":"2023-11-14T22:13:20Z","boot":"boot-1","#
        + #""command":"krux-update apply","priority":5,"reason":"a\nb"}"#)
  }

  @Test func everythingComesBack() throws {
    let entry = RecordEntry(RecordEntryTests.event, RecordEntryTests.stamp)
    var read = try #require(RecordEntry(line: Array(entry.line.utf8))).event
    // Numbers of JSON end at 2^63-1.
    #expect(read.figures?.savedBytes == UInt64(Int64.max))
    read.figures = RecordEntryTests.event.figures
    #expect(read == RecordEntryTests.event)
    #expect(RecordEntry(line: Array(entry.line.utf8))?.stamp == RecordEntryTests.stamp)
  }

  @Test func aKindOfAnotherVersionIsKept() throws {
    let entry = RecordEntry(RecordEvent(.init(rawValue: "beamed-up")), RecordEntryTests.stamp)
    let read = try #require(RecordEntry(line: Array(entry.line.utf8)))
    #expect(read.event.kind.rawValue == "beamed-up")
  }

  @Test func membersThatDoNotReadAreLeftOut() throws {
    let line =
      #"{"event":"update","kind":"staged","at":"2023-11-14T22:13:20Z","slot":"C","priority":99,"#
      + #""imageDigest":"x","sequence":1e99,"fetchedBytes":-1,"savedBytes":1,"writtenBytes":1,"#
      + #""milliseconds":1,"new":{}}"#
    let event = try #require(RecordEntry(line: Array(line.utf8))).event
    #expect(event == RecordEvent(.staged))
  }

  @Test(arguments: [
    "", "{", "[]", "null", #"{"event":"update"}"#,
    #"{"event":"update","kind":"staged","at":"yesterday"}"#,
    #"{"event":"login","kind":"staged","at":"2023-11-14T22:13:20Z"}"#,
  ])
  func whatIsNoLine(_ text: String) { #expect(RecordEntry(line: Array(text.utf8)) == nil) }

  /// Cut off, each is none; with bits flipped it may be another one, and nothing traps.
  @Test func anyBytesAreTaken() {
    let line = Array(RecordEntry(RecordEntryTests.event, RecordEntryTests.stamp).line.utf8)
    for (index, copy) in damagedCopies(line).enumerated() {
      let entry = RecordEntry(line: copy)
      if index < line.count { #expect(entry == nil) }
    }
  }

  @Test func theLongestFits() {
    let event = RecordEvent(.failed, reason: String(repeating: "\u{1}", count: 10_000))
    let line = RecordEntry(event, RecordEntryTests.stamp).line
    #expect(line.utf8.count < RecordEntry.maximumLength)
    #expect(RecordEntry(line: Array(line.utf8))?.event == event)
  }
}

@Suite struct LineSplitterTests {
  private func lines(_ pieces: [String], maximum: Int = 100) -> [String] {
    var splitter = LineSplitter(maximumLength: maximum)
    return pieces.flatMap { splitter.take(Array($0.utf8)) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func piecesAreJoined() {
    #expect(lines(["a", "b\nc\n\n", "d", "\ne"]) == ["ab", "c", "d"])
  }

  @Test func aLineThatIsTooLongIsPassedOver() {
    #expect(lines(["12345\n1234\n", "1234567890", "1\nok\n"], maximum: 5) == ["1234", "ok"])
  }
}

@Suite struct JournalMessageTests {
  private func message(_ event: RecordEvent) -> JournalMessage {
    JournalMessage(event, RecordEntryTests.stamp, identifier: "krux-update")
  }

  @Test func aLineForEachField() {
    let bytes = message(RecordEvent(.staged, slot: .b, version: "1.0.1", sequence: 12)).encoded
    #expect(
      String(decoding: bytes, as: UTF8.self) == """
        MESSAGE=Staged version 1.0.1 in slot B
        MESSAGE_ID=1024b1a3baf08706ac741ccffbb81435
        PRIORITY=5
        SYSLOG_IDENTIFIER=krux-update
        KRUX_EVENT=update
        KRUX_KIND=staged
        KRUX_COMMAND=krux-update apply
        KRUX_SLOT=B
        KRUX_VERSION=1.0.1
        KRUX_SEQUENCE=12

        """)
  }

  /// Nothing in a value can make a field of its own.
  @Test func aValueWithALineEndHasItsLength() throws {
    let bytes = message(RecordEvent(.refused, reason: "x\nPRIORITY=0")).encoded
    let expected =
      Array("KRUX_REASON\n".utf8) + [12, 0, 0, 0, 0, 0, 0, 0] + Array("x\nPRIORITY=0\n".utf8)
    #expect(bytes.suffix(expected.count) == expected[...])
    #expect(
      String(decoding: bytes, as: UTF8.self).contains("MESSAGE=Refused: x\u{FFFD}PRIORITY=0\n"))
  }

  @Test func everyFieldIsThere() {
    let names = message(RecordEntryTests.event).fields.map(\.name)
    for name in [
      "KRUX_IMAGE_DIGEST", "KRUX_SERVICE", "KRUX_REASON", "KRUX_CODE", "KRUX_FETCHED_BYTES",
      "KRUX_SAVED_BYTES", "KRUX_WRITTEN_BYTES", "KRUX_MILLISECONDS",
    ] {
      #expect(names.contains(name))
    }
    // systemd.journal-fields(7): what journald would throw away.
    #expect(
      names.allSatisfy { name in
        name.count <= 64 && name.allSatisfy { $0.isASCII && ($0.isUppercase || $0 == "_") }
      })
  }
}

@Suite struct LastCheckTests {
  private let at = Timestamp(seconds: 9)

  @Test func itComesBack() {
    let failed = LastCheck(FeedFailure(.expired, "it \"expired\""), at: at, after: nil)
    #expect(failed.result == "failed")
    #expect(failed.code == "feed.expired")
    #expect(failed.unreachableSince == nil)
    let unreachable = LastCheck(NotReached(), at: at, after: nil)
    for check in [failed, unreachable, LastCheck(at: at, result: "available", version: "1.0.1")] {
      #expect(LastCheck(decoding: check.encoded) == check)
    }
  }

  private struct NotReached: ActionableError {
    let domain = FailureDomain.source
    let codeName = "unreachable"
    let message = "no answer"
    let hint: String? = nil
    let details: JSONValue? = nil
    var description: String { message }
  }

  @Test func theFirstTimeWithoutTheFeedCounts() {
    func next(_ seconds: Int64, after before: LastCheck?) -> LastCheck {
      LastCheck(NotReached(), at: Timestamp(seconds: seconds), after: before)
    }
    let first = next(9, after: nil)
    #expect(first.unreachableSince == at)
    let second = next(20, after: next(15, after: first))
    #expect(second.unreachableSince == at)
    // It answered in between, or with something that cannot be trusted.
    let answered = LastCheck(at: at, result: "available", version: "1.0.1")
    #expect(next(30, after: answered).unreachableSince == Timestamp(seconds: 30))
    #expect(
      LastCheck(FeedFailure(.expired, "over"), at: at, after: first).unreachableSince == nil)
    // The clock was ahead then.
    #expect(next(5, after: first).unreachableSince == Timestamp(seconds: 5))
  }

  @Test func anyBytesAreTaken() {
    let bytes = LastCheck(at: at, result: "available", version: "1.0.1").encoded
    // The line end may be missing.
    for copy in damagedCopies(bytes).prefix(bytes.count - 1) {
      #expect(LastCheck(decoding: copy) == nil)
    }
    for copy in damagedCopies(bytes) { _ = LastCheck(decoding: copy) }
  }

  @Test func theSameIsARepetitionAtAnyTime() {
    let check = LastCheck(at: at, result: "available", version: "1.0.1")
    let later = Timestamp(seconds: 10)
    #expect(LastCheck(at: later, result: "available", version: "1.0.1").repeats(check))
    #expect(!LastCheck(at: later, result: "available", version: "1.0.2").repeats(check))
    #expect(!LastCheck(at: later, result: "later", version: "1.0.1").repeats(check))
    #expect(
      !LastCheck(at: later, result: "failed", code: "a.b")
        .repeats(LastCheck(at: at, result: "failed", code: "a.c")))
    #expect(!check.repeats(nil))
  }

  @Test func theEventSaysWhatCameOfIt() {
    let event = RecordEvent(LastCheck(at: at, result: "available", version: "1.0.1"))
    #expect(event.kind == .checked)
    #expect(event.sentence == "Checked the feed: version 1.0.1, available")
    let failed = RecordEvent(LastCheck(FeedFailure(.expired, "over"), at: at, after: nil))
    #expect(failed.kind == .checkFailed)
    #expect(failed.code == "feed.expired")
    #expect(failed.sentence == "The feed could not be checked: over")
  }
}
