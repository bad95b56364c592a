internal import SlotCore
internal import SlotKit

/// `apply --service-only`: services from the trees of a bundle, without a reboot.
struct ApplyServices {
  let common: CommonOptions
  let background: BackgroundOptions
  var options: ServiceApplyOptions
  var limitRate: Int?

  /// - Parameter source: nil for the newest release of the feed that has services, or that of `version`.
  mutating func run(_ source: BundleSource?, version: String?, now: Bool) throws {
    let cancellation = Cancellation()
    cancellation.watchSignals()
    var updater = try common.writingServices(cancellation, background)
    if let limitRate { updater.configuration.limitRate = limitRate }
    let report = ServiceReport(json: common.json)
    guard
      let source = try source
        ?? fromFeed(updater, version.map(FeedRequest.version) ?? .newest(now: now))
    else {
      return common.json
        ? Report.json(["event": .string("finished"), "outcome": .string("up-to-date")])
        : Report.line("The services are the newest for this device; nothing to do.")
    }
    for outcome in try updater.apply(source, options, observer: report.take) {
      report.finished(outcome)
    }
  }

  private mutating func fromFeed(
    _ updater: ServiceUpdater, _ request: FeedRequest
  ) throws -> BundleSource? {
    guard let offer = try updater.offer(request) else { return nil }
    options.release = offer.release
    return offer.source
  }
}
