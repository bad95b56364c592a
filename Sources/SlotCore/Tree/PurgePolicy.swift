/// Which trees are no longer kept.
public enum PurgePolicy {
  private static let daySeconds: Int64 = 86_400

  /// - Parameters:
  ///   - linked: the version that `current` leads to.
  ///   - folders: the versions whose trees are there, and since when each folder has its name.
  ///   - keepDays: how long a tree is kept after its service has left it for another.
  /// - Returns: versions to remove, sorted. Never the one that runs, the one before it, or one that is being installed.
  public static func versions(
    _ record: ServiceRecord, linked: String?, folders: [String: Timestamp], keepDays: Int,
    now: Timestamp
  ) -> [String] {
    guard let linked else { return [] }
    let kept = record.keptVersions.union([linked])
    let left = Dictionary(
      record.older.map { ($0.version, $0.at) }, uniquingKeysWith: { max($0, $1) })
    return folders.filter { version, made in
      guard !kept.contains(version) else { return false }
      let age = now.seconds - (left[version] ?? made).seconds
      return age >= Int64(keepDays) * daySeconds
    }.keys.sorted()
  }
}
