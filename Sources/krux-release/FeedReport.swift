internal import SlotCore
internal import SlotKit

/// What became of a change, in words.
enum FeedReport {
  static func outcome(_ outcome: FeedPublisher.Outcome, feed: String) {
    let list = outcome.versions.map { "\($0.role) \($0.version)" }.joined(separator: ", ")
    print("\(outcome.isPublished ? "Published" : "Staged"): \(list.isEmpty ? "nothing new" : list)")
    if !outcome.isPublished { missing(outcome.missing, feed: feed) }
    for (role, expires) in outcome.expiring {
      Report.note("warning: \(role.printable) expires at \(expires)")
    }
  }

  private static func missing(_ missing: [MissingSignatures], feed: String) {
    for wanted in missing { print("Missing:   \(sentence(wanted))") }
    if missing.isEmpty {
      print("Next:      krux-release feed publish --feed \(feed)")
    } else {
      let roles = missing.map(\.role.printable)
      let names = roles.enumerated().filter { !roles.prefix($0.offset).contains($0.element) }
        .map(\.element).joined(separator: " ")
      print("Next:      krux-release feed sign --feed \(feed) --key SECRET \(names)")
      print("           where the keys are; 'staging' and 'metadata' have to be there too")
    }
  }

  static func sentence(_ wanted: MissingSignatures) -> String {
    let keys = wanted.keyIDs.map(short).joined(separator: ", ")
    let more = max(0, wanted.threshold - Int64(wanted.have))
    let whose = wanted.byRootBefore ? "the keys of the root before" : "the keys"
    return "\(wanted.role.printable) \(wanted.version): \(more) more of \(whose) \(keys)"
  }

  /// Enough of a key's id to name it.
  static func short(_ id: String) -> String { String(id.printable.prefix(8)) }
}
