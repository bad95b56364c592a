internal import SlotCore
internal import SystemPackage

extension ServiceUpdater {
  /// Lets a service run from the tree that it ran from before; one that is in place and was not found healthy yet is
  /// called off instead.
  ///
  /// The tree is read whole first. Where it is gone that is a warning: there is nothing that could be done.
  ///
  /// - Throws: `noSuchService`, `treeMismatch`, `belowFloor`, and what `apply` throws from the switch on.
  public func rollback(
    service: String, restart: Bool, observer: @escaping ServiceObserver
  ) throws -> ServiceOutcome {
    let lock = try lock("rollback --service")
    defer { withExtendedLifetime(lock) {} }
    try requireQuiet()
    let (records, warnings) = try settledRecords()
    for warning in warnings { observer(.warning(warning)) }
    guard records.names.contains(service) else {
      let names = records.names.isEmpty ? "none" : records.names.joined(separator: ", ")
      throw ServiceFailure(
        .noSuchService, "no service \(service.printable) was installed here",
        hint: "there are: \(names)")
    }
    try folder.clean()
    let record = records[service]
    let target = record.next == nil ? record.previous : record.current
    guard let target, folder.versions(service)[target.version] != nil else {
      let what = target.map { "the tree of \(service) \($0.version) is gone" }
      observer(.warning("\(what ?? "\(service) has no version before"): nothing was changed"))
      return ServiceOutcome(
        service: service, version: folder.linked(service) ?? "none", result: .nothingThere)
    }
    guard target.sequence >= record.floor else {
      throw PolicyFailure(
        .belowFloor,
        "\(service) \(target.version) has sequence \(target.sequence), below the floor"
          + " \(record.floor) of the service",
        hint: "nothing overrides the floor: install a newer release")
    }
    try verify(service, target, observer)
    var activation = ServiceActivation(
      self, records, restart: restart, kind: .serviceRolledBack, observer)
    var outcome = try activation.install(service, target)
    try activation.requireRestarts()
    if outcome.result == .installed { outcome.result = .rolledBack }
    return outcome
  }

  private func verify(
    _ service: String, _ tree: TreeIdentity, _ observer: @escaping ServiceObserver
  ) throws {
    let path = folder.tree(service, tree.version)
    let found: TreeInventory
    do {
      found = try TreeReading.inventory(of: path, cancellation) { done in
        observer(.progress(.verifying, service: service, done: done, total: 0))
      }
    } catch let error as Errno { throw ServiceFailure.io("read", path, error) }
    guard found.digest == tree.treeDigest else {
      throw ServiceFailure(
        .treeMismatch, "the tree \(path) is not as it was installed",
        hint: "install \(service) \(tree.version) again, or a newer release")
    }
  }
}
