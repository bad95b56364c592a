public import SlotCore

/// What monitoring is told of a device, as values.
public struct DeviceMetrics: Sendable {
  public var status: UpdateStatus
  public var lastCheck: LastCheck?
  /// The newest end of an update, however it ended.
  public var lastUpdate: RecordEntry?
  /// The newest update that was staged with what it cost.
  public var lastStaged: RecordEntry?

  public init(
    status: UpdateStatus, lastCheck: LastCheck?, lastUpdate: RecordEntry?, lastStaged: RecordEntry?
  ) {
    self.status = status
    self.lastCheck = lastCheck
    self.lastUpdate = lastUpdate
    self.lastStaged = lastStaged
  }

  /// How an update can end, or begin to.
  static let results: Set<RecordEvent.Kind> = [
    .staged, .confirmed, .fellBack, .rejected, .inconclusive, .failed, .refused, .tampering,
    .interrupted,
  ]

  /// All of it in the text format of Prometheus.
  public var text: String {
    var metrics = MetricsText()
    addSlots(to: &metrics)
    addCheck(to: &metrics)
    addUpdate(to: &metrics)
    return metrics.text
  }

  private func addSlots(to metrics: inout MetricsText) {
    let slots = [status.booted, status.other].sorted { $0.name.rawValue < $1.name.rawValue }
    metrics.add(
      "krux_slot_info", "What each slot holds; always 1.",
      slots.map { slot in
        .init(
          1,
          [
            "slot": slot.name.rawValue, "version": slot.image?.version ?? "",
            "state": slot.record?.state.rawValue ?? "unknown",
          ])
      })
    func each(_ name: String, _ help: String, _ value: (UpdateStatus.Slot) -> Int64?) {
      metrics.add(
        name, help,
        slots.compactMap { slot in value(slot).map { .init($0, ["slot": slot.name.rawValue]) } })
    }
    each("krux_slot_booted", "1 for the slot that runs.") { $0.name == status.booted.name ? 1 : 0 }
    each("krux_slot_bootable", "1 for a slot that the bootloader may start.") {
      $0.bootable ? 1 : 0
    }
    each("krux_slot_tries_left", "Boots that the bootloader still gives the slot.") {
      Int64($0.triesLeft)
    }
    each("krux_slot_sequence", "Sequence of the release in the slot.") { $0.image?.sequence }
    metrics.add(
      "krux_version_info", "The running version; always 1.",
      [.init(1, ["version": status.version ?? ""])])
    metrics.add(
      "krux_trial", "1 while the running version is on trial.", flag(status.assessment == .trial))
    metrics.add(
      "krux_staged", "1 while an update waits for a reboot.", flag(status.assessment == .staged))
    metrics.add("krux_rolled_back", "1 where the last trial failed.", flag(status.returned != nil))
    metrics.add(
      "krux_failed_over", "1 where the bootloader went on from a confirmed slot.",
      flag(status.failedOver != nil))
    metrics.add(
      "krux_boot_healthy",
      "1 once this boot was found healthy, 0 where it was not; missing until then.",
      status.health.flatMap { $0.state == .checking ? nil : flag($0.state == .healthy) })
    metrics.add("krux_known_bad_images", "Images that failed here.", Int64(status.knownBad.count))
    metrics.add(
      "krux_status_state", "As status --nagios has it: 0 OK, 1 warning, 2 critical, 3 unknown.",
      Int64(status.plugin.state.rawValue))
  }

  private func flag(_ value: Bool) -> Int64 { value ? 1 : 0 }

  private func addCheck(to metrics: inout MetricsText) {
    guard let check = lastCheck else { return }
    metrics.add(
      "krux_last_check_timestamp_seconds", "When the feed was asked last.", check.at.seconds)
    metrics.add(
      "krux_last_check_success", "1 where it answered, and was believed.",
      flag(check.result != LastCheck.failed))
    metrics.add(
      "krux_update_available", "1 where it offered an update for now.",
      flag(check.result == LastCheck.available))
    metrics.add(
      "krux_last_check_info", "What came of it; always 1.",
      [
        .init(
          1, ["result": check.result, "version": check.version ?? "", "code": check.code ?? ""])
      ])
  }

  private func addUpdate(to metrics: inout MetricsText) {
    if let entry = lastUpdate {
      metrics.add(
        "krux_last_update_timestamp_seconds", "When something was heard of an update last.",
        entry.stamp.at.seconds)
      metrics.add(
        "krux_last_update_info", "What it was; always 1.",
        [
          .init(
            1,
            [
              "result": entry.event.kind.rawValue, "version": entry.event.version ?? "",
              "code": entry.event.code ?? "",
            ])
        ])
    }
    guard let figures = lastStaged?.event.figures else { return }
    func count(_ name: String, _ help: String, _ value: UInt64) {
      metrics.add(name, help, Int64(clamping: value))
    }
    count(
      "krux_last_staged_fetched_bytes", "Bytes that travelled for the last update that was staged.",
      figures.fetchedBytes)
    count("krux_last_staged_saved_bytes", "Bytes that did not have to.", figures.savedBytes)
    count("krux_last_staged_written_bytes", "Bytes that it wrote.", figures.writtenBytes)
    metrics.add(
      "krux_last_staged_seconds", "How long it took.",
      [.init(milliseconds: figures.milliseconds)])
  }
}

extension Updater {
  /// Reads what there is, and writes nothing. An audit log that cannot be read leaves out what it alone knows.
  ///
  /// - Throws: `SlotFailure`.
  public func metrics() throws -> DeviceMetrics {
    let reader = AuditLogReader(auditLog)
    var update: RecordEntry?
    var staged: RecordEntry?
    try? reader.read { _, entry in
      let event = entry.event
      guard event.service == nil, DeviceMetrics.results.contains(event.kind) else { return }
      // A feed that lies is told of with the check.
      if event.kind == .tampering, event.code?.hasPrefix("feed.") == true { return }
      update = entry
      if event.kind == .staged, event.figures != nil { staged = entry }
    }
    return DeviceMetrics(
      status: try status(), lastCheck: lastCheck, lastUpdate: update, lastStaged: staged)
  }

  /// The audit log of this device.
  public var auditLog: AuditLog { AuditLog(layout, configuration) }
}
