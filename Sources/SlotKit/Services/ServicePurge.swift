internal import SlotCore

extension ServiceUpdater {
  /// Removes the trees that no service has run from for `keepDays`, and what interruptions have left.
  ///
  /// - Returns: the folders that are no more.
  /// - Throws: `LockFailure` beside an update; `ServiceFailure`.
  public func purge(keepDays: Int? = nil, observer: ServiceObserver) throws -> [String] {
    let lock = try lock("services purge")
    defer { withExtendedLifetime(lock) {} }
    var (records, warnings) = try settledRecords()
    for warning in warnings { observer(.warning(warning)) }
    try folder.clean()
    var purged: [String] = []
    for service in records.names {
      let versions = PurgePolicy.versions(
        records[service], linked: folder.linked(service), folders: folder.versions(service),
        keepDays: keepDays ?? configuration.services.keepDays, now: clock())
      for version in versions {
        try cancellation.check()
        do { try folder.remove(service, version) } catch {
          throw ServiceFailure.io("remove", folder.tree(service, version), error)
        }
        purged.append(ServiceName.folder(service, version))
        recorder.record(RecordEvent(.servicePurged, version: version, service: service))
      }
      records[service].forget(Set(versions))
    }
    if !purged.isEmpty { try store.save(records) }
    return purged
  }
}
