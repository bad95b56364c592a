internal import SlotCore
internal import SystemPackage

/// The pressure that other programs feel: of all control groups that this process is in no part of.
///
/// The system's own figure (`/proc/pressure`) would not do: it counts our own waiting, and somebody who writes to a
/// disk waits for it all the time. The groups beside ours, and beside those that ours is in, hold everybody
/// else, and the kernel counts for each apart (Documentation/admin-guide/cgroup-v2.rst, Documentation/accounting/psi.rst).
struct OtherGroups: PressureSource {
  /// More are not looked at.
  static let most = 64
  private static let files = ["io.pressure", "cpu.pressure", "memory.pressure"]
  /// Groups come and go: so many readings go by one list of them.
  private static let readingsPerList = 20

  private let root: FilePath
  private let own: FilePath
  private var groups: [FilePath] = []
  private var readings = 0

  /// - Parameters:
  ///   - mountinfo: `/proc/self/mountinfo`.
  ///   - membership: `/proc/self/cgroup`.
  ///
  /// Nil where the unified hierarchy is not mounted, or this process's place in it cannot be seen.
  init?(mountinfo: String, membership: String) {
    guard let root = OtherGroups.root(in: mountinfo), let own = OtherGroups.place(in: membership)
    else { return nil }
    self.root = root
    self.own = own
  }

  /// Of this process.
  init?() {
    guard let mountinfo = Files.text("/proc/self/mountinfo", limit: 1 << 20),
      let membership = Files.text("/proc/self/cgroup")
    else { return nil }
    self.init(mountinfo: mountinfo, membership: membership)
  }

  mutating func reading() -> PressureReading {
    if readings.isMultiple(of: OtherGroups.readingsPerList) { groups = list() }
    readings += 1
    var reading = PressureReading()
    for group in groups {
      for name in OtherGroups.files {
        let path = group.appending(name)
        if let text = Files.text(path, limit: 1024) { reading.add(path.string, text) }
      }
    }
    return reading
  }

  /// The groups beside each group on the way from the root to our own; of the root, if that is our own, all.
  func list() -> [FilePath] {
    var found: [FilePath] = []
    var parent = root
    for name in own.components.map(\.string) {
      found += OtherGroups.children(of: parent).filter { $0.lastComponent?.string != name }
      parent = parent.appending(name)
    }
    if own.components.isEmpty { found = OtherGroups.children(of: root) }
    return Array(found.prefix(OtherGroups.most))
  }

  private static func children(of group: FilePath) -> [FilePath] {
    Files.names(in: group).map { group.appending($0) }
      .filter { Files.exists($0.appending("cgroup.procs")) }
  }

  /// Where the unified hierarchy is mounted: its type stands behind the `-`, the mount point fifth.
  private static func root(in mountinfo: String) -> FilePath? {
    for line in mountinfo.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 4, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count,
        fields[dash + 1] == "cgroup2"
      else { continue }
      return FilePath(Mounts.unescaped(fields[4]))
    }
    return nil
  }

  /// The line of the unified hierarchy begins with `0::`. A place outside of what is mounted begins with `..`.
  private static func place(in membership: String) -> FilePath? {
    for line in membership.split(separator: "\n") where line.hasPrefix("0::/") {
      let place = FilePath(String(line.dropFirst(3)))
      return place.components.contains { $0.kind != .regular } ? nil : place
    }
    return nil
  }
}
