internal import SlotCore
internal import SystemPackage

/// Lets services run from other trees, one after the other, and puts back those that are not healthy.
///
/// The record says what `current` is about to lead to before it does, so that whoever comes after a power cut knows from the
/// link alone how far this got.
struct ServiceActivation {
  private let updater: ServiceUpdater
  private let restart: Bool
  /// What the record calls a service that runs from its new tree.
  private let kind: RecordEvent.Kind
  private let observer: ServiceObserver
  private(set) var records: ServiceRecords
  /// Units that could not be restarted, and why.
  private var failed: [(unit: String, reason: String)] = []

  private var folder: ServiceFolder { updater.folder }
  private var now: Timestamp { updater.clock() }

  init(
    _ updater: ServiceUpdater, _ records: ServiceRecords, restart: Bool,
    kind: RecordEvent.Kind = .serviceUpdated, _ observer: @escaping ServiceObserver
  ) {
    self.kind = kind
    self.updater = updater
    self.records = records
    self.restart = restart
    self.observer = observer
  }

  /// Switches `service` to a tree that is there and proved.
  ///
  /// - Throws: `notHealthy` once the tree before is back; `ServiceFailure` of the file system; `CancellationFailure`.
  mutating func install(_ service: String, _ tree: TreeIdentity) throws -> ServiceOutcome {
    let before = folder.linked(service)
    records[service].begin(tree)
    try updater.store.save(records)
    do { try folder.swap(service, to: tree.version) } catch {
      throw ServiceFailure.io("switch", folder.path.appending(service), error)
    }
    observer(.switched(service: service, version: tree.version))
    return try prove(service, before: before)
  }

  /// Asks for the health of a service that was switched and not asked for yet.
  mutating func prove(_ service: String) throws -> ServiceOutcome {
    let current = records[service].current?.version
    let isThere = current.map { folder.versions(service)[$0] != nil } ?? false
    return try prove(service, before: isThere ? current : nil)
  }

  private mutating func prove(_ service: String, before: String?) throws -> ServiceOutcome {
    guard let tree = records[service].next else {
      throw ServiceFailure(.noSuchService, "there is no service \(service.printable)")
    }
    guard restart else {
      report(kind, service, tree, reason: "its units were not restarted yet")
      return ServiceOutcome(service: service, version: tree.version, result: .unproven)
    }
    let units = records[service].affectedUnits
    let failures: [(unit: String, reason: String)]
    do {
      failures = try restartUnits(units, updater.cancellation)
      let running = units.filter { unit in !failures.contains { $0.unit == unit } }
      if case .unhealthy(let reason) = try watch(service, running, updater.cancellation) {
        return try putBack(service, tree, to: before, units, reason: reason)
      }
    } catch is CancellationFailure {
      _ = try putBack(service, tree, to: before, units, reason: nil)
      throw CancellationFailure(
        .interrupted, "interrupted before \(service) was found healthy",
        hint: "the version before runs again; the same command again carries on")
    }
    failed += failures
    records[service].commit(at: now)
    try updater.store.save(records)
    report(kind, service, tree)
    return ServiceOutcome(service: service, version: tree.version, result: .installed)
  }

  private func report(
    _ kind: RecordEvent.Kind, _ service: String, _ tree: TreeIdentity, reason: String? = nil
  ) {
    updater.recorder.record(
      RecordEvent(
        kind, version: tree.version, sequence: tree.sequence, service: service, reason: reason))
  }

  /// After all services.
  ///
  /// - Throws: `restartFailed`.
  func requireRestarts() throws(ServiceFailure) {
    guard !failed.isEmpty else { return }
    let names = failed.map(\.unit).joined(separator: ", ")
    let reason = failed.map(\.reason).first ?? "unknown"
    throw ServiceFailure(
      .restartFailed,
      "the new version is in place, and \(names) could not be restarted: \(reason.printable)",
      hint: "what was running goes on; 'systemctl restart UNIT' makes it run from the new version")
  }

  // MARK: - Units

  private func restartUnits(
    _ units: [String], _ cancellation: Cancellation
  ) throws(CancellationFailure) -> [(unit: String, reason: String)] {
    var failures: [(unit: String, reason: String)] = []
    for unit in units {
      try cancellation.check()
      observer(.restarting(unit: unit))
      let result = updater.effects.restart(unit, cancellation)
      try cancellation.check()
      if case .impossible(let reason) = result {
        failures.append((unit, reason))
        observer(.warning("\(unit) could not be restarted: \(reason)"))
      }
    }
    return failures
  }

  private func watch(
    _ service: String, _ units: [String], _ cancellation: Cancellation
  ) throws(CancellationFailure) -> CheckResult {
    let effects = updater.effects
    let health = updater.configuration.services[service]
    observer(.probing(service: service))
    var monitor = HealthMonitor(
      HealthPolicy(
        interval: Int64(health.intervalSeconds) * 1000,
        deadline: effects.now() + Int64(health.timeoutSeconds) * 1000,
        successes: health.successes))
    var action = monitor.start(at: effects.now())
    while true {
      switch action {
      case .check:
        let result = effects.check(units: units, health: health, cancellation)
        try cancellation.check()
        action = monitor.checked(result, at: effects.now())
      case .wait(let time):
        try effects.sleep(until: time, cancellation)
        action = monitor.woken(at: effects.now())
      case .healthy: return .healthy
      case .unhealthy(let reason): return .unhealthy(reason: reason)
      }
    }
  }

  // MARK: - The way back

  /// - Parameter reason: nil for a switch that was called off: then nobody is to blame.
  /// - Throws: `notHealthy` with the reason.
  private mutating func putBack(
    _ service: String, _ tree: TreeIdentity, to before: String?, _ units: [String],
    reason: String?
  ) throws -> ServiceOutcome {
    do { try folder.swap(service, to: before) } catch {
      throw ServiceFailure.io("switch", folder.path.appending(service), error)
    }
    observer(
      .putBack(service: service, version: before, reason: reason ?? "it was interrupted"))
    if let reason {
      records[service].putBack(reason: reason, at: now)
    } else {
      records[service].abandon()
    }
    let saved = Result { try updater.store.save(records) }
    report(.servicePutBack, service, tree, reason: reason ?? "it was interrupted")
    // Whoever interrupts once wants it back as it was, and that includes what runs.
    let last = Cancellation()
    guard before != nil else {
      for unit in units.reversed() { updater.effects.stop(unit, last) }
      try saved.get()
      throw ServiceActivation.notHealthy(service, tree, reason, "nothing was installed before")
    }
    let failures = try restartUnits(units, last)
    let running = units.filter { unit in !failures.contains { $0.unit == unit } }
    let verdict = try watch(service, running, last)
    try saved.get()
    let rest =
      if case .unhealthy(let words) = verdict {
        "\(before ?? "") is back and not healthy either: \(words)"
      } else { "\(before ?? "") is back" }
    throw ServiceActivation.notHealthy(service, tree, reason, rest)
  }

  private static func notHealthy(
    _ service: String, _ tree: TreeIdentity, _ reason: String?, _ rest: String
  ) -> any Error {
    guard let reason else { return CancellationFailure(.interrupted, "interrupted") }
    return ServiceFailure(
      .notHealthy, "\(service) \(tree.version) was not healthy: \(reason.printable); \(rest)",
      hint: "look at the journal of its units; this version is not tried again without --force")
  }
}
