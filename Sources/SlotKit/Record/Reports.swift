public import SlotCore

extension Updater {
  /// Tells the record what came to the history since entry `number`.
  ///
  /// - Parameters:
  ///   - figures: of the update that was staged.
  ///   - isRejected: a person ended the trial.
  func report(
    _ ledger: Ledger, since number: Int64, figures: UpdateFigures? = nil, isRejected: Bool = false
  ) {
    for entry in ledger.history.entries(after: number) {
      var event = RecordEvent(entry, in: ledger, isRejected: isRejected)
      if event.kind == .staged { event.figures = figures }
      recorder.record(event)
    }
  }

  /// Tells the record where `body` fails.
  ///
  /// - Parameters:
  ///   - isCheck: the feed is only asked.
  ///   - onlyTampering: nothing was to be changed, and nothing else is worth a line.
  func reportingFailure<Result>(
    isCheck: Bool = false, onlyTampering: Bool = false, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch {
      if let failure = error as? any ActionableError,
        let event = RecordEvent(failure, isCheck: isCheck),
        !onlyTampering || event.kind == .tampering
      {
        recorder.record(event)
      }
      throw error
    }
  }

  // MARK: - Checks of the feed

  private var lastChecks: LastCheckStore { LastCheckStore(directory: layout.stateDirectory) }

  /// The last time that the feed was asked; nil where that is not known.
  public var lastCheck: LastCheck? { lastChecks.load() }

  /// Tells the record what asking the feed came to, and keeps it for `lastCheck`.
  func reportingCheck<Result>(
    _ body: () throws -> Result, _ outcome: (Result) -> LastCheck
  ) throws -> Result {
    do {
      let result = try body()
      let check = outcome(result)
      report(check, RecordEvent(check))
      return result
    } catch {
      if let failure = error as? any ActionableError,
        let event = RecordEvent(failure, isCheck: true)
      {
        report(LastCheck(failure, at: context.now, after: lastCheck), event)
      }
      throw error
    }
  }

  private func report(_ check: LastCheck, _ event: RecordEvent) {
    var event = event
    event.isRepetition = check.repeats(lastChecks.load())
    lastChecks.save(check)
    recorder.record(event)
  }
}
