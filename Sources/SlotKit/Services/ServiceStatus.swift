public import SlotCore

/// What is known of a service, for `status` and `services`.
public struct ServiceStatus: Equatable, Sendable {
  public var name: String
  /// What `current` leads to; nil when it leads nowhere.
  public var version: String?
  public var since: Timestamp?
  /// Whether its health was asked for since `current` leads there, and it was found healthy.
  public var isProven: Bool
  /// The version before, and whether its tree is still there.
  public var previous: (version: String, isThere: Bool)?
  public var putBack: ServiceRecord.PutBack?

  public static func == (left: ServiceStatus, right: ServiceStatus) -> Bool {
    left.json == right.json
  }

  /// A member of `services` in `status --json`.
  public var json: JSONValue {
    .object([
      "service": .string(name), "version": version.json, "since": (since?.description).json,
      "proven": .bool(isProven), "previous": (previous?.version).json,
      "previousIsThere": previous.map { .bool($0.isThere) },
      "putBack": putBack.map {
        .object([
          "version": .string($0.version), "reason": .string($0.reason),
          "at": .string($0.at.description),
        ])
      },
    ])
  }
}

extension Updater {
  /// The services beside the slots: what cannot be read of them is a warning.
  public func serviceStatus() -> (services: [ServiceStatus], warnings: [String]) {
    let services = ServiceUpdater(
      layout: layout, configuration: configuration, effects: SystemServices(layout, configuration))
    do { return try services.status() } catch { return ([], ["\(error)"]) }
  }
}

extension ServiceUpdater {
  /// Reads what there is and writes nothing, not even a lock.
  ///
  /// - Throws: `ServiceFailure` where the record cannot be read.
  public func status() throws -> (services: [ServiceStatus], warnings: [String]) {
    let (records, warnings) = try settledRecords()
    let services = records.names.map { name in
      let record = records[name]
      let there = folder.versions(name)
      let linked = folder.linked(name)
      let isProven = record.next == nil && linked != nil && linked == record.current?.version
      return ServiceStatus(
        name: name, version: linked, since: isProven ? record.since : nil, isProven: isProven,
        previous: record.previous.map { ($0.version, there[$0.version] != nil) },
        putBack: record.putBack)
    }
    return (services, warnings)
  }
}
