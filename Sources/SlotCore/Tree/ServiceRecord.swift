/// A tree of a service, as the release that brought it describes it.
public struct TreeIdentity: Equatable, Sendable {
  public var version: String
  public var sequence: Int64
  /// Of the archive: what a publisher signs, and what is known to be bad.
  public var imageDigest: Digest
  /// Of the tree on disk: `TreeInventory.digest`.
  public var treeDigest: Digest
  public var units: [String]
  /// The lowest sequence that the service accepts once this tree was found healthy.
  public var floor: Int64?

  public init(
    version: String, sequence: Int64, imageDigest: Digest, treeDigest: Digest, units: [String],
    floor: Int64? = nil
  ) {
    self.version = version
    self.sequence = sequence
    self.imageDigest = imageDigest
    self.treeDigest = treeDigest
    self.units = units
    self.floor = floor
  }
}

/// A tree that a service ran from, and since when it does not.
public struct RetiredTree: Equatable, Sendable {
  public var version: String
  public var at: Timestamp
}

/// What is known of one service: the trees that it has, and how they got there.
public struct ServiceRecord: Equatable, Sendable {
  static let maximumKnownBad = 16
  static let maximumOlder = 256

  /// What `current` leads to since its health was asked for.
  public internal(set) var current: TreeIdentity?
  public internal(set) var since: Timestamp?
  public internal(set) var previous: TreeIdentity?
  /// What `current` is about to lead to, or leads to without a verdict yet: only the link itself tells which.
  public internal(set) var next: TreeIdentity?
  public internal(set) var older: [RetiredTree] = []
  public internal(set) var knownBad: [KnownBad] = []
  /// The lowest sequence that is installed. Nothing overrides it.
  public internal(set) var floor: Int64 = 0
  /// The version that was put back last, and why; nil once another one was found healthy.
  public internal(set) var putBack: PutBack?
  /// Members of the stored record that this version does not know.
  var unknown: JSONValue = .object([JSONMember]())

  public struct PutBack: Equatable, Sendable {
    public var version: String
    public var reason: String
    public var at: Timestamp
  }

  public init() {}

  /// The versions whose trees nobody may remove.
  public var keptVersions: Set<String> {
    Set([current, previous, next].compactMap { $0?.version })
  }

  /// What the service runs from, when `current` leads to the version `linked`; nil for what was not installed here.
  public func running(linked: String?) -> TreeIdentity? {
    [next, current].compactMap { $0 }.first { $0.version == linked }
  }

  /// Those of `next`, then what the tree that it follows has beyond them.
  public var affectedUnits: [String] {
    let units = next?.units ?? []
    return units + (current?.units ?? []).filter { !units.contains($0) }
  }

  /// Before the link is swapped to `tree`.
  public mutating func begin(_ tree: TreeIdentity) { next = tree }

  /// `linked` is the version that the link leads to. A swap that never happened is forgotten.
  ///
  /// - Returns: what a person should know.
  public mutating func settle(linked: String?) -> [String] {
    guard let next else {
      guard linked != current?.version else { return [] }
      return [
        linked.map { "it runs from version \($0.printable), which was not installed here" }
          ?? "its tree is gone"
      ]
    }
    if linked != next.version { self.next = nil }
    return []
  }

  /// The service runs from `next`, for good.
  public mutating func commit(at now: Timestamp) {
    guard let next else { return }
    let left = [current, previous].compactMap { $0 }.filter { $0.version != next.version }
    older.removeAll { tree in
      tree.version == next.version || left.contains { $0.version == tree.version }
    }
    if let retired = left.dropFirst().first {
      older.append(RetiredTree(version: retired.version, at: now))
      older.removeFirst(max(0, older.count - ServiceRecord.maximumOlder))
    }
    previous = left.first
    current = next
    since = now
    floor = max(floor, next.floor ?? 0)
    knownBad.removeAll { $0.imageDigest == next.imageDigest }
    putBack = nil
    self.next = nil
  }

  /// `next` was not healthy, and the link leads to `current` again. What ran here before is not called bad: the fault
  /// may be another's.
  public mutating func putBack(reason: String, at now: Timestamp) {
    guard let next else { return }
    putBack = PutBack(version: next.version, reason: reason, at: now)
    if next != previous {
      knownBad.removeAll { $0.imageDigest == next.imageDigest }
      knownBad.append(
        KnownBad(
          imageDigest: next.imageDigest, version: next.version, reason: reason, at: now))
      knownBad.removeFirst(max(0, knownBad.count - ServiceRecord.maximumKnownBad))
      older.removeAll { $0.version == next.version }
      older.append(RetiredTree(version: next.version, at: now))
    }
    self.next = nil
  }

  /// Nobody is to blame: `next` was called off before there was a verdict.
  public mutating func abandon() { next = nil }

  /// The trees of these versions are no more.
  public mutating func forget(_ versions: Set<String>) {
    older.removeAll { versions.contains($0.version) }
  }
}
