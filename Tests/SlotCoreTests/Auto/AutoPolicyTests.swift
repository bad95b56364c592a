import SlotCore
import Testing

/// What is done next, and why not more.
@Suite struct AutoPolicyTests {
  /// A Sunday.
  private static let noon = time("2026-03-01T12:00:00Z")
  private var settings = AutoSettings()
  private var memory = AutoMemory()
  private var facts: AutoFacts
  private var schedule: Result<WindowSchedule, AutoFailure> =
    .success(WindowSchedule([], .utc))

  init() {
    settings.isEnabled = true
    settings.step = .reboot
    let now = AutoMoment(wall: AutoPolicyTests.noon, boot: "one", uptime: 1000)
    facts = AutoFacts(
      now: now,
      device: AutoDevice(assessment: .settled, version: "1.0.1", sequence: 1, other: nil),
      answer: AutoAnswer(choice: AutoPolicyTests.choice(.available(release(2), towards: nil))))
    memory.asks(settings, now) { _ in 0 }
    memory.answered(settings) { _ in 0 }
  }

  private static func choice(_ offer: ReleaseChoice.Offer) -> ReleaseChoice {
    ReleaseChoice(newest: nil, offer: offer, runningWithdrawn: nil)
  }

  /// The decision with something changed.
  private func decide(_ change: (inout AutoPolicyTests) -> Void = { _ in }) -> AutoDecision {
    var changed = self
    change(&changed)
    return AutoPolicy(changed.settings, changed.schedule, changed.memory, changed.facts).decision
  }

  private mutating func offer(_ offer: ReleaseChoice.Offer) {
    facts.answer = AutoAnswer(choice: AutoPolicyTests.choice(offer))
  }

  private mutating func windows(_ texts: String...) throws {
    settings.windows = try texts.map { try MaintenanceWindow($0) }
    schedule = .success(WindowSchedule(settings.windows, .utc))
  }

  private mutating func other(_ sequence: Int64, _ state: SlotState) {
    let image = ImageIdentity(
      version: "1.0.\(sequence)", sequence: sequence, imageDigest: release(sequence).imageDigest,
      imageLength: 1, frameSize: 4096)
    facts.device.other = SlotRecord(image: image, state: state, since: AutoPolicyTests.noon)
  }

  /// Release 2 was made next to boot by automatic updates.
  private mutating func stage() {
    memory.tries(release(2), facts.now)
    memory.applied(release(2).imageDigest)
    other(2, .staged)
    facts.device.assessment = .staged
  }

  private var staged: AutoPolicyTests {
    var copy = self
    copy.stage()
    return copy
  }

  // MARK: - What the device does

  @Test func offIsOff() {
    #expect(decide { $0.settings.isEnabled = false } == .wait(.off))
  }

  @Test func nothingIsDoneInATrial() {
    #expect(decide { $0.facts.device.assessment = .trial } == .wait(.trialOpen))
    #expect(decide { $0.facts.device.assessment = .givenUp } == .wait(.rebootPending))
    // Not even a question.
    let due = decide {
      $0.memory = AutoMemory()
      $0.facts.device.assessment = .trial
    }
    #expect(due == .wait(.trialOpen))
  }

  @Test(arguments: [
    BootAssessment.settled, .returned(from: .b, reason: "x"), .failedOver(from: .b),
    .switchNeverHappened(.b),
  ])
  func otherwiseItGoesOn(assessment: BootAssessment) {
    #expect(decide { $0.facts.device.assessment = assessment } == .apply(release(2)))
  }

  // MARK: - What is offered

  @Test func theFeedIsAskedWhenItIsDue() { #expect(decide { $0.memory = AutoMemory() } == .check) }

  @Test func whatTheFeedHoldsBackWaits() {
    #expect(decide { $0.offer(.upToDate) } == .wait(.upToDate))
    let later = time("2026-03-05T00:00:00Z")
    #expect(
      decide { $0.offer(.later(release(2), later)) } == .wait(.later(version: "1.0.2", at: later)))
    for hold: ReleaseChoice.Hold in [
      .pinned("1.0.1"), .pinUnknown("7"), .knownBad("bad"), .unplanned, .sourceTooOld(5),
    ] {
      #expect(
        decide { $0.offer(.held(release(2), hold)) } == .wait(.held(version: "1.0.2", hold)))
    }
    #expect(decide { $0.facts.answer = nil } == .wait(.neverAnswered))
  }

  @Test func aPinBelowWhatRunsTakesAPerson() {
    #expect(decide { $0.facts.device.sequence = 3 } == .wait(.downgrade(version: "1.0.2")))
  }

  @Test func anImageIsTriedOnce() throws {
    var tried = self
    tried.memory.tries(release(2), facts.now)
    let passed = try #require(tried.memory.passed.first)
    #expect(tried.decide() == .wait(.passed(passed)))
    tried.offer(.available(release(3), towards: nil))
    #expect(tried.decide() == .apply(release(3)))
  }

  @Test func afterAFailureTheNextQuestionIsAwaited() {
    let failed = decide { $0.memory.checkFailed("no connection") }
    #expect(failed == .wait(.failed(version: "1.0.2", reason: "no connection")))
    let unknown = decide {
      $0.memory.checkFailed("no connection")
      $0.facts.answer = nil
    }
    #expect(unknown == .wait(.failed(version: nil, reason: "no connection")))
  }

  // MARK: - Steps

  @Test func eachStepHasTheOnesBeforeIt() {
    func decision(_ step: AutoStep) -> AutoDecision { decide { $0.settings.step = step } }
    #expect(decision(.check) == .wait(.notAutomatic(version: "1.0.2", next: .download)))
    #expect(decision(.download) == .download(release(2)))
    #expect(decision(.apply) == .apply(release(2)))
    #expect(decision(.reboot) == .apply(release(2)))
  }

  private mutating func download() {
    memory.downloaded = release(2).imageDigest
    other(2, .writing)
  }

  @Test func whatIsDownloadedIsNotDownloadedAgain() throws {
    let done = decide {
      $0.settings.step = .download
      $0.download()
    }
    #expect(done == .wait(.notAutomatic(version: "1.0.2", next: .apply)))
    // Somebody wrote something else over it.
    let gone = decide {
      $0.settings.step = .download
      $0.download()
      $0.other(3, .writing)
    }
    #expect(gone == .download(release(2)))
  }

  // MARK: - Windows

  @Test func aClosedWindowHoldsUpTheSwitchAlone() throws {
    var closed = self
    try closed.windows("Mon 02:00-04:00")
    #expect(closed.decide() == .download(release(2)))
    closed.download()
    let opens = time("2026-03-02T02:00:00Z")
    #expect(
      closed.decide() == .wait(.window(version: "1.0.2", next: .apply, opens: opens)))
    closed.facts.now.wall = opens
    #expect(closed.decide() == .apply(release(2)))
  }

  @Test func aRebootWaitsForItsWindow() throws {
    var closed = staged
    #expect(closed.decide() == .reboot(try #require(closed.facts.device.other).image))
    try closed.windows("Mon 02:00-04:00")
    let opens = time("2026-03-02T02:00:00Z")
    #expect(
      closed.decide() == .wait(.window(version: "1.0.2", next: .reboot, opens: opens)))
  }

  /// Where windows cannot be judged none is open.
  @Test func aClockOrAZoneThatIsWrongOpensNoWindow() throws {
    var open = staged
    try open.windows("Sun 10:00-14:00")
    #expect(open.decide() == .reboot(try #require(open.facts.device.other).image))
    #expect(open.decide { $0.facts.isClockBehind = true } == .wait(.clock(version: "1.0.2")))
    let failure = AutoFailure(.unknownTimeZone, "no such zone")
    #expect(
      open.decide { $0.schedule = .failure(failure) }
        == .wait(.zone(version: "1.0.2", reason: "no such zone")))
    // Without windows neither is asked.
    let free = staged.decide {
      $0.facts.isClockBehind = true
      $0.schedule = .failure(failure)
    }
    #expect(free == .reboot(try #require(open.facts.device.other).image))
  }

  @Test func theSwitchIsJudgedAtItsOwnMoment() throws {
    var open = self
    try open.windows("Sun 10:00-14:00")
    func may(_ text: String, isClockBehind: Bool = false, step: AutoStep = .apply) -> Bool {
      var settings = open.settings
      settings.step = step
      let now = AutoMoment(wall: time(text), boot: "one", uptime: 0)
      return AutoPolicy.maySwitch(settings, open.schedule, now, isClockBehind: isClockBehind)
    }
    #expect(may("2026-03-01T13:59:59Z"))
    #expect(!may("2026-03-01T14:00:00Z"))
    #expect(!may("2026-03-04T12:00:00Z"))
    #expect(!may("2026-03-01T12:00:00Z", isClockBehind: true))
    #expect(!may("2026-03-01T12:00:00Z", step: .download))
    open.schedule = .failure(AutoFailure(.unknownTimeZone, "no such zone"))
    #expect(!may("2026-03-01T12:00:00Z"))
    open.settings.windows = []
    #expect(may("2026-03-01T12:00:00Z"))
  }

  // MARK: - Inhibitors

  @Test func anInhibitorHoldsUpEachStep() {
    let expected = AutoDecision.wait(.inhibited(version: "1.0.2", reasons: ["battery"]))
    #expect(decide { $0.facts.inhibitors = ["battery"] } == expected)
    #expect(staged.decide { $0.facts.inhibitors = ["battery"] } == expected)
    #expect(
      decide {
        $0.offer(.upToDate)
        $0.facts.inhibitors = ["battery"]
      } == .wait(.upToDate))
  }

  // MARK: - Something is staged

  @Test func nothingIsInstalledOverWhatIsStaged() {
    let by = staged.decide { $0.offer(.available(release(3), towards: nil)) }
    #expect(by == staged.decide())
    let byHand = decide {
      $0.stage()
      $0.memory.passed = []
    }
    #expect(byHand == .wait(.stagedByHand(version: "1.0.2")))
    let unknown = decide { $0.facts.device.assessment = .staged }
    #expect(unknown == .wait(.stagedByHand(version: "unknown")))
  }

  @Test func theFeedIsAskedWhileSomethingIsStaged() {
    #expect(staged.decide { $0.memory.asked = nil } == .check)
  }

  @Test func withoutTheStepTheRebootIsAPersons() {
    #expect(
      staged.decide { $0.settings.step = .apply }
        == .wait(.notAutomatic(version: "1.0.2", next: .reboot)))
  }

  @Test func whatWasWithdrawnSinceIsCalledOff() throws {
    let image = try #require(staged.facts.device.other).image
    let decision = staged.decide {
      $0.facts.answer?.withdrawn = [release(2).imageDigest: "it eats disks"]
    }
    #expect(decision == .callOff(image, reason: "it eats disks"))
  }

  /// A boot script that does not do as it is told must not have the device reboot for ever.
  @Test func aRebootIsMadeOnce() {
    var rebooted = staged
    rebooted.memory.reboots(for: release(2).imageDigest, facts.now)
    #expect(rebooted.decide() == rebooted.staged.decide())
    rebooted.facts.now.boot = "two"
    #expect(rebooted.decide() == .wait(.didNotStart(version: "1.0.2")))
  }

  // MARK: - Settings

  @Test func anOperatorIsStrongerThanTheImage() throws {
    var image = AutoSettings()
    image.windows = [try MaintenanceWindow("02:00-04:00")]
    image.timeZone = "Europe/Berlin"
    image.interval = 3600
    #expect(AutoChoice().applied(to: image) == image)
    var choice = AutoChoice()
    choice.isEnabled = true
    choice.step = .reboot
    choice.windows = []
    choice.timeZone = ""
    choice.interval = 7200
    let read = try AutoChoice(decoding: choice.encoded)
    var expected = image
    (expected.isEnabled, expected.step, expected.windows) = (true, .reboot, [])
    (expected.timeZone, expected.interval) = (nil, 7200)
    #expect(read.applied(to: image) == expected)
  }

  @Test(arguments: [
    "", "[]", #"{"type":"krux-feed-settings"}"#, #"{"type":"krux-auto","enabled":1}"#,
    #"{"type":"krux-auto","step":"fly"}"#, #"{"type":"krux-auto","intervalSeconds":1}"#,
    #"{"type":"krux-auto","timeZone":"../x"}"#, #"{"type":"krux-auto","timeZone":1}"#,
  ])
  func aDamagedChoiceIsNoChoice(text: String) {
    #expect(code { _ = try AutoChoice(decoding: Array(text.utf8)) } == AutoCode.damagedChoice)
  }

  @Test func whatALaterVersionWroteIsKept() throws {
    let text = #"{"type":"krux-auto","enabled":true,"mood":"good"}"#
    var choice = try AutoChoice(decoding: Array(text.utf8))
    choice.isEnabled = false
    let written = String(decoding: choice.encoded, as: UTF8.self)
    #expect(written.contains(#""mood": "good""#))
    #expect(written.contains(#""enabled": false"#))
  }

  @Test func aWaitIsOneSentence() throws {
    let zone = try ZoneSample.berlin.rules()
    let opens = time("2026-03-02T01:00:00Z")
    #expect(
      AutoWait.window(version: "1.0.2", next: .apply, opens: opens).sentence(zone)
        == "1.0.2 is downloaded and waits for the window, which opens 2026-03-02 02:00"
        + " (Europe/Berlin)")
    #expect(
      AutoWait.inhibited(version: "1.0.2", reasons: ["a \u{1B}[2J film", "battery"]).sentence(zone)
        == "1.0.2 is held up: a \u{FFFD}[2J film; battery")
  }
}
