extension FeedStatus {
  /// Format 1 of `feed status --json`: see docs/publishers.md.
  public var json: JSONValue {
    .object([
      "type": .string("feed-status"), "format": .integer(1), "now": .string(now.description),
      "product": .string(product), "torn": .bool(isTorn),
      "roles": .array(roles.map(json)), "staged": .array(staged.map(json)),
      "channels": .array(channels.map(json)),
      "bundleKeys": .object([
        "keys": .strings(bundleKeys.keys.map { "\($0.id)" }),
        "withdrawn": .array(
          bundleKeys.withdrawn.map {
            .object(["key": .string("\($0.key.id)"), "reason": .string($0.reason)])
          }),
      ]),
    ])
  }

  private func json(_ role: Role) -> JSONValue {
    .object([
      "role": .string(role.name), "version": .integer(role.version),
      "issued": role.issued.map { .string($0.description) },
      "expires": .string(role.expires.description),
      "expiresInDays": .integer(days(until: role.expires)),
      "threshold": .integer(role.threshold), "keys": .strings(role.keys),
    ])
  }

  private func json(_ role: Staged) -> JSONValue {
    .object([
      "role": .string(role.name), "version": .integer(role.version),
      "expires": .string(role.expires.description),
      "keyChanges": .array(
        role.keyChanges.map {
          .object([
            "role": .string($0.role), "threshold": .integer($0.threshold),
            "keys": .strings($0.keys),
          ])
        }),
      "missing": .array(
        role.missing.map {
          .object([
            "byRootBefore": .bool($0.byRootBefore), "have": .integer(Int64($0.have)),
            "threshold": .integer($0.threshold), "keys": .strings($0.keyIDs),
          ])
        }),
    ])
  }

  private func json(_ index: ReleaseIndex) -> JSONValue {
    .object([
      "channel": .string(index.channel), "floor": index.floor.map { .integer($0) },
      "releases": .array(
        index.newestFirst.map { release in
          .object([
            "version": .string(release.version), "sequence": .integer(release.sequence),
            "severity": .string(release.severity.rawValue),
            "offeredPercent": .integer(
              release.withdrawal == nil ? Int64(release.rollout.percent(at: now)) : 0),
            "withdrawn": (release.withdrawal?.reason).json,
          ])
        }),
    ])
  }
}

extension ReleaseIndex {
  public var newestFirst: [Release] { releases.sorted { $0.sequence > $1.sequence } }
}
