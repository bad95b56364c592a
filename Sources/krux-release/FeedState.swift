internal import ArgumentParser
internal import SlotCore
internal import SlotKit
internal import SystemPackage

struct FeedState: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show roles, what expires when, whose signatures are missing, and releases.",
    discussion: """
      EXAMPLES:
        krux-release feed status --feed feed
        krux-release feed status --feed feed --json
      """)

  @OptionGroup var folder: FeedFolderOption

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let status = try FeedPublisher.status(of: FilePath(folder.feed), now: FeedFolderOption.now)
    print(json ? status.json.pretty : text(status).joined(separator: "\n") + "\n", terminator: "")
  }

  private func text(_ status: FeedStatus) -> [String] {
    var lines = ["Feed of \(status.product), at \(status.now)", ""]
    lines += status.roles.map { line($0, status) }
    if status.isTorn {
      lines += [
        "", "A publication was cut off. Go on: krux-release feed publish --feed \(folder.feed)",
      ]
    }
    if !status.staged.isEmpty { lines += ["", "Staged:"] + status.staged.flatMap(staged) }
    for index in status.channels { lines += [""] + channel(index, status) }
    let (keys, withdrawn) = (status.bundleKeys.keys, status.bundleKeys.withdrawn)
    if !keys.isEmpty || !withdrawn.isEmpty { lines += ["", "Keys of bundles:"] }
    lines += keys.map { "  \($0.id)" }
    lines += withdrawn.map { "  \($0.key.id)  withdrawn: \($0.reason.printable)" }
    return lines
  }

  private func line(_ role: FeedStatus.Role, _ status: FeedStatus) -> String {
    let days = status.days(until: role.expires)
    let left = days < 0 ? "EXPIRED" : "in \(days) days"
    let keys = role.keys.map(FeedReport.short).joined(separator: " ")
    let version = role.version == 0 ? "not published" : "version \(role.version)"
    return "\(role.name.printable): \(version), expires \(left) (\(role.expires)), "
      + "\(role.threshold) of keys \(keys)"
  }

  private func staged(_ role: FeedStatus.Staged) -> [String] {
    let state = role.missing.isEmpty ? "signed" : "waits for signatures"
    return ["  \(role.name.printable) \(role.version): \(state), expires at \(role.expires)"]
      + role.keyChanges.map { change in
        let keys = change.keys.map(FeedReport.short).joined(separator: " ")
        return "    keys of \(change.role.printable) from then on: \(change.threshold) of \(keys)"
      } + role.missing.map { "    missing: \(FeedReport.sentence($0))" }
  }

  private func channel(_ index: ReleaseIndex, _ status: FeedStatus) -> [String] {
    let floor = index.floor.map { ", floor \($0)" } ?? ""
    let count = index.releases.count
    return ["Channel \(index.channel): \(count) release\(count == 1 ? "" : "s")\(floor)"]
      + index.newestFirst.map { release in
        let head = "  \(release.version) (\(release.sequence)), \(release.severity.rawValue)"
        if let withdrawal = release.withdrawal {
          return "\(head), withdrawn: \(withdrawal.reason.printable)"
        }
        return "\(head), offered to \(release.rollout.percent(at: status.now)) %"
      }
  }
}
