internal import SlotCore

/// The client workflow (section 5 of the specification): asks for nothing that it does not call for, and keeps nothing
/// that was not verified.
struct FeedWorkflow {
  private let store: FeedStore
  private let source: any FeedSource
  private let base: String
  private(set) var trusted: TrustedMetadata
  private var targets: TUF.TargetsRole?

  /// - Parameters:
  ///   - base: the address of the metadata.
  ///   - now: what expiry is judged by, to the end; nil where it does not count.
  /// - Throws: `FeedFailure`: without a root that is sound nothing is asked for.
  init(_ store: FeedStore, _ source: any FeedSource, base: String, now: Timestamp?) throws {
    self.store = store
    self.source = source
    self.base = base
    trusted = try TrustedMetadata(root: try store.root(), now: now)
  }

  /// Brings the top-level roles up to date.
  ///
  /// - Throws: `FeedFailure`, `SourceFailure`, `CancellationFailure`. What was verified before stays, and is stored.
  mutating func refresh() throws {
    try updateRoot()
    try updateTimestamp()
    try updateSnapshot()
    targets = try role(TUF.Delegation(trusted.root))
  }

  /// The version of the top-level targets role; nil before `refresh`.
  var targetsVersion: Int64? { targets?.header.version }

  private mutating func updateRoot() throws {
    for _ in 0..<TUF.Limits.rootRotations {
      let name = "\(trusted.root.header.version + 1).root.json"
      guard case .bytes(let bytes) = try fetch(name, limit: TUF.Limits.root) else { break }
      if try trusted.update(root: bytes) {
        // Before the root is kept: cut off in between, the next refresh does this again.
        try store.forget([TUF.RoleName.timestamp, TUF.RoleName.snapshot])
      }
      try store.keep(root: bytes, version: trusted.root.header.version)
    }
    if let stored = store.stored(TUF.RoleName.targets, limit: TUF.Limits.targets) {
      try? trusted.believe(storedTargets: stored)
    }
    try trusted.requireValidRoot()
  }

  private mutating func updateTimestamp() throws {
    let (name, limit) = (TUF.RoleName.timestamp, TUF.Limits.timestamp)
    if let stored = store.stored(name, limit: limit) {
      try? trusted.take(storedTimestamp: stored)
    }
    let bytes = try fetch("timestamp.json", limit: limit).required()
    if try trusted.update(timestamp: bytes) { try store.keep(name, bytes) }
  }

  private mutating func updateSnapshot() throws {
    let (name, limit) = (TUF.RoleName.snapshot, TUF.Limits.snapshot)
    if let stored = store.stored(name, limit: limit) {
      try? trusted.take(storedSnapshot: stored)
    }
    guard !trusted.hasSnapshot else { return }
    let bytes = try fetch(name, try trusted.listedSnapshot(), limit: limit)
    try trusted.update(snapshot: bytes)
    try store.keep(name, bytes)
  }

  /// A targets role, stored or fetched, verified by the word of who delegates to it.
  private func role(_ delegation: TUF.Delegation) throws -> TUF.TargetsRole {
    let (name, limit) = (delegation.role, TUF.Limits.targets)
    if let stored = store.stored(name, limit: limit),
      let role = try? trusted.verified(stored, delegation)
    {
      return role
    }
    let bytes = try fetch(name, try trusted.listed(name), limit: limit)
    let role = try trusted.verified(bytes, delegation)
    try store.keep(name, bytes)
    return role
  }

  /// What the feed says of the target at `path`. Roles that it is delegated to are brought up to date on the way.
  ///
  /// - Throws: `noTarget`, and what `refresh` throws.
  func target(_ path: String) throws -> TUF.TargetFile {
    var search = TUF.TargetSearch(for: path, from: trusted.root)
    while let delegation = search.next() {
      let isTopLevel = delegation.role == TUF.RoleName.targets
      let role = isTopLevel ? targets : try role(delegation)
      if let role, let file = search.take(role) { return file }
    }
    throw FeedFailure(
      .noTarget, "the feed has no target '\(path.printable)'", hint: "check the name")
  }

  /// What the top-level targets role itself says of a target, whoever else it delegates the path to.
  func topLevelTarget(_ path: String) -> TUF.TargetFile? { targets?.targets.exactly(path) }

  // MARK: - Fetching

  private func fetch(_ name: String, limit: Int) throws -> FeedAnswer {
    try source.file(base + name, limit: Int64(limit))
  }

  private func fetch(_ role: String, _ listed: TUF.MetadataFile, limit: Int) throws -> [UInt8] {
    let version = trusted.root.consistentSnapshot ? "\(listed.version)." : ""
    return try fetch(
      "\(version)\(PercentEncoding.component(role)).json",
      limit: Int(min(listed.length ?? Int64(limit), Int64(limit)))
    ).required()
  }
}
