import SlotCore
import Testing

@Suite struct RecordKindTests {
  @Test func namesAndIDsAreUnique() {
    let kinds = RecordEvent.Kind.known
    #expect(Set(kinds).count == kinds.count)
    #expect(Set(kinds.map(\.messageID)).count == kinds.count)
  }

  /// Journals of years are searched by them.
  @Test(arguments: [
    (RecordEvent.Kind.staged, "1024b1a3baf08706ac741ccffbb81435"),
    (.fellBack, "e531d04e35438be7891effa31ad0183e"),
    (.tampering, "d327c55414768cd0aa9f2d46de531ce2"),
  ])
  func idsStay(_ kind: RecordEvent.Kind, _ id: String) { #expect(kind.messageID == id) }

  @Test func tamperingIsCritical() {
    #expect(RecordEvent(.tampering).priority == .critical)
    #expect(RecordEvent.Kind.known.filter { $0.priority == .critical } == [.tampering])
    #expect(RecordEvent(.checked, priority: .error).priority == .error)
  }

  @Test func aKindOfAnotherVersionIsANotice() {
    #expect(RecordEvent.Kind(rawValue: "beamed-up").priority == .notice)
  }
}

@Suite struct RecordEventTests {
  @Test func aReasonIsBounded() throws {
    let reason = try #require(
      RecordEvent(.failed, reason: String(repeating: "ä", count: 100_000)).reason)
    #expect(reason.unicodeScalars.count == RecordEvent.maximumReason)
  }

  @Test(arguments: [
    (RecordEvent(.staged, slot: .b, version: "1.0.1"), "Staged version 1.0.1 in slot B"),
    (RecordEvent(.staged), "Staged an unknown version"),
    (
      RecordEvent(.fellBack, slot: .b, version: "1.0.1", reason: "it is dark"),
      "Fell back from version 1.0.1 in slot B: it is dark"
    ),
    (
      RecordEvent(.serviceUpdated, version: "2.0", service: "vault"),
      "Updated to version 2.0 of service vault"
    ),
    (RecordEvent(.tampering, reason: "altered"), "Tampering: altered"),
    (RecordEvent(.refused, reason: "too old"), "Refused: too old"),
    (RecordEvent(.init(rawValue: "beamed-up"), version: "3"), "Beamed-up version 3"),
    (RecordEvent(.init(rawValue: "")), ""),
    (RecordEvent(.failed, version: "\u{1B}[2J", reason: "a\nb"), "Failed version �[2J: a�b"),
  ])
  func theSentence(_ event: RecordEvent, _ sentence: String) {
    #expect(event.sentence == sentence)
  }
}

/// What the record makes of the ledger's history.
@Suite struct RecordHistoryTests {
  private static let context = LedgerContext.sample(5)

  private func events(
    since number: Int64 = 0, isRejected: Bool = false, _ change: (inout Ledger) -> Void
  ) -> [RecordEvent] {
    var ledger = Ledger()
    change(&ledger)
    return ledger.history.entries(after: number).map {
      RecordEvent($0, in: ledger, isRejected: isRejected)
    }
  }

  @Test func everyTransitionHasItsKind() {
    let end = TrialEnd(.scriptDefaults, of: .b)
    let events = events { ledger in
      let context = RecordHistoryTests.context
      ledger.provision(.a, .sample("1"), context)
      ledger.beginInstall(.b, .sample("2"), context)
      ledger.stage(.b, .sample("2"), context)
      ledger.leaveOpen(.b, end, context)
      ledger.stage(.b, .sample("2"), context)
      ledger.fail(.b, reason: "dark", context)
      ledger.stage(.b, .sample("3"), context)
      ledger.cancel(.b, context)
      ledger.stage(.b, .sample("3"), context)
      ledger.confirm(.b, by: "operator", context)
      ledger.rollBack(from: .b, context)
      ledger.repaired(.a, detail: "boot environment", context)
      ledger.failOver(from: .a, reason: "r", context)
      ledger.reportUnhealthy(.a, reason: "u", context)
    }
    #expect(
      events.map(\.kind) == [
        .provisioned, .installStarted, .staged, .inconclusive, .staged, .fellBack, .staged,
        .cancelled, .staged, .confirmed, .staged, .rolledBack, .repaired, .failedOver, .unhealthy,
      ])
    #expect(events.allSatisfy { RecordEvent.Kind.known.contains($0.kind) })
  }

  @Test func itSaysWhatTheSlotHolds() throws {
    let event = try #require(
      events(since: 1) { ledger in
        ledger.provision(.a, .sample("1"), RecordHistoryTests.context)
        ledger.stage(.b, .sample("2", sequence: 12), RecordHistoryTests.context)
      }.first)
    #expect(event.slot == .b)
    #expect(event.version == "2")
    #expect(event.sequence == 12)
    #expect(event.imageDigest == ImageIdentity.sample("2").imageDigest)
  }

  /// An entry is of what the slot held then.
  @Test func itSaysNothingOfAnotherImage() throws {
    let event = try #require(
      events { ledger in
        ledger.stage(.b, .sample("2"), RecordHistoryTests.context)
        ledger.stage(.b, .sample("3"), RecordHistoryTests.context)
      }.first)
    #expect(event.version == "2")
    #expect(event.sequence == nil)
    #expect(event.imageDigest == nil)
  }

  @Test func aPersonRejects() {
    let kinds = events(isRejected: true) { ledger in
      ledger.stage(.b, .sample("2"), RecordHistoryTests.context)
      ledger.fail(.b, reason: "dark", RecordHistoryTests.context)
    }.map(\.kind)
    #expect(kinds == [.staged, .rejected])
  }

  @Test func onlyWhatIsNewIsTold() {
    func kinds(since number: Int64) -> [RecordEvent.Kind] {
      events(since: number) { ledger in
        ledger.stage(.b, .sample("2"), RecordHistoryTests.context)
        ledger.cancel(.b, RecordHistoryTests.context)
      }.map(\.kind)
    }
    #expect(kinds(since: 0) == [.staged, .cancelled])
    #expect(kinds(since: 1) == [.cancelled])
    #expect(kinds(since: 2) == [])
    #expect(kinds(since: .max) == [])
    #expect(kinds(since: .min) == [.staged, .cancelled])
  }
}

/// What the record makes of a command that failed.
@Suite struct RecordFailureTests {
  private func kind(_ failure: any ActionableError, isCheck: Bool = false) -> RecordEvent.Kind? {
    RecordEvent(failure, isCheck: isCheck)?.kind
  }

  @Test(arguments: [
    FeedCode.rollback, .belowThreshold, .wrongVersion, .wrongHash, .wrongManifest,
  ])
  func whatIsSignedAndDoesNotHoldIsTampering(_ code: FeedCode) {
    #expect(kind(FeedFailure(code, "x")) == .tampering)
    #expect(kind(FeedFailure(code, "x"), isCheck: true) == .tampering)
  }

  @Test func aBadSignatureIsTampering() throws {
    let event = try #require(RecordEvent(TrustFailure(.badSignature, "it was altered")))
    #expect(event.kind == .tampering)
    #expect(event.priority == .critical)
    #expect(event.reason == "it was altered")
    #expect(event.code == "trust.bad_signature")
  }

  @Test(arguments: [TrustCode.unsigned, .unknownKey, .noKeys])
  func aWrongFileIsNoTampering(_ code: TrustCode) {
    #expect(kind(TrustFailure(code, "x")) == .refused)
  }

  @Test func refusalsAndFailures() {
    #expect(kind(PolicyFailure(.downgrade, "x")) == .refused)
    #expect(kind(BundleFailure(.damagedFrame, "x")) == .refused)
    #expect(kind(FeedFailure(.expired, "x")) == .refused)
    #expect(kind(FeedFailure(.expired, "x"), isCheck: true) == .checkFailed)
    #expect(kind(LedgerFailure(.noSpace, "x")) == .failed)
    #expect(kind(LedgerFailure(.ioFailed, "x"), isCheck: true) == .checkFailed)
  }

  @Test func aDeviceWithoutAFeedHasNothingToTell() {
    #expect(kind(FeedFailure(.noFeed, "x"), isCheck: true) == nil)
  }

  @Test(arguments: FailureDomain.allCases)
  func whatTellsNothingOfUpdates(_ domain: FailureDomain) {
    let isSilent = [.usage, .lock, .permission, .mode].contains(domain)
    #expect((kind(AnyFailure(domain: domain)) == nil) == isSilent)
    let isSilentCheck = isSilent || domain == .cancelled
    #expect((kind(AnyFailure(domain: domain), isCheck: true) == nil) == isSilentCheck)
  }

  private struct AnyFailure: ActionableError {
    let domain: FailureDomain
    let codeName = "code"
    let message = "message"
    let hint: String? = nil
    let details: JSONValue? = nil
    let description = "message"
  }
}
