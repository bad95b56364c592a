internal import SlotCore
internal import SystemPackage

/// The marks of containers, in the order of systemd-detect-virt(1), and what Docker and Kubernetes leave beside them.
extension MarkReader {
  func containerMark() -> ContainerMark? {
    guard var mark = sureMark() ?? doubtfulMark() else { return nil }
    if exists("/run/secrets/kubernetes.io"), mark.isSure { mark.manager = .kubernetes }
    if mark.manager == .podman { mark.image = containerEnvironment["image"] }
    return mark
  }

  private func sureMark() -> ContainerMark? {
    // https://systemd.io/CONTAINER_INTERFACE
    for path: FilePath in ["/run/host/container-manager", "/run/systemd/container"] {
      if let name = text(path)?.split(whereSeparator: \.isWhitespace).first {
        return ContainerMark(ContainerManager(interfaceName: String(name)), seen: path.string)
      }
    }
    if let name = firstProcessVariable("container") {
      return ContainerMark(ContainerManager(interfaceName: name), seen: "/proc/1/environ")
    }
    if exists("/run/.containerenv") {
      return ContainerMark(.podman, seen: "/run/.containerenv")
    }
    if let manager = managerOfControlGroup {
      return ContainerMark(manager, seen: "/proc/1/cgroup")
    }
    if exists("/.dockerenv"), isRootOverlaid || isControlGroupBelowAnother {
      return ContainerMark(.docker, seen: "/.dockerenv")
    }
    if exists("/proc/vz"), !exists("/proc/bc") { return ContainerMark(.openvz, seen: "/proc/vz") }
    let kernel = text("/proc/sys/kernel/osrelease") ?? ""
    if kernel.contains("Microsoft") || kernel.contains("WSL") {
      return ContainerMark(.wsl, seen: "/proc/sys/kernel/osrelease")
    }
    return nil
  }

  private func doubtfulMark() -> ContainerMark? {
    if exists("/.dockerenv") { return ContainerMark(.docker, seen: "/.dockerenv", isSure: false) }
    if isControlGroupBelowAnother {
      return ContainerMark(
        .other("an unknown manager"), seen: "/sys/fs/cgroup/cgroup.events", isSure: false)
    }
    return nil
  }

  /// From the environment of the first process, which only root can read.
  private func firstProcessVariable(_ name: String) -> String? {
    guard let bytes = try? Files.read(real("/proc/1/environ"), limit: 1 << 20) else { return nil }
    let prefix = Array("\(name)=".utf8)
    let found = bytes.split(separator: 0).first { $0.starts(with: prefix) }
    let value = found.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    return value?.isEmpty == false ? value : nil
  }

  /// Where the container has no namespace of control groups, its own group has the manager's name.
  private var managerOfControlGroup: ContainerManager? {
    let groups = text("/proc/1/cgroup") ?? ""
    let names: [(String, ContainerManager)] = [
      ("kubepods", .kubernetes), ("/libpod-", .podman), ("/docker/", .docker),
      ("/docker-", .docker), ("/lxc/", .lxc), ("/lxc.payload", .lxc),
    ]
    return names.first { groups.contains($0.0) }?.1
  }

  /// The root of what is mounted as the control groups is not the kernel's root, which has no `cgroup.events`
  /// (Control Group v2, "Core Interface Files"): somebody made a namespace of them.
  private var isControlGroupBelowAnother: Bool { exists("/sys/fs/cgroup/cgroup.events") }

  /// proc(5): after ` - ` comes the type of the file system.
  private var isRootOverlaid: Bool {
    (text("/proc/self/mountinfo") ?? "").split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4, fields[4] == "/", let end = fields.firstIndex(of: "-") else {
        return false
      }
      return end + 1 < fields.count && fields[end + 1].hasSuffix("overlay")
    }
  }

  /// What Podman tells a privileged container of itself: `image="docker.io/library/debian:12"`.
  private var containerEnvironment: [String: String] {
    DeviceIdentity.osRelease(text("/run/.containerenv") ?? "")
  }
}
