/// Who runs the container that this system is in.
public enum ContainerManager: Hashable, Sendable {
  case docker, podman, kubernetes, nspawn, lxc, openvz, wsl
  /// By the name that it gives itself, as in `container=NAME` of the first process's environment.
  case other(String)

  /// - Parameter name: as systemd's container interface has it: the value of `container=`, or what
  ///   `/run/host/container-manager` and `/run/systemd/container` hold.
  public init(interfaceName name: String) {
    self =
      switch name {
      case "docker": .docker
      case "podman": .podman
      case "kubernetes", "kube": .kubernetes
      case "systemd-nspawn": .nspawn
      case "lxc", "lxc-libvirt": .lxc
      case "openvz": .openvz
      case "wsl": .wsl
      default: .other(name)
      }
  }

  /// For people, and for programs.
  public var name: String {
    switch self {
    case .docker: "docker"
    case .podman: "podman"
    case .kubernetes: "kubernetes"
    case .nspawn: "systemd-nspawn"
    case .lxc: "lxc"
    case .openvz: "openvz"
    case .wsl: "wsl"
    case .other(let name): name
    }
  }

  /// Such a container lives on from update to update as a machine does, with a system of its own in it. Any other is
  /// thrown away and made anew from an image.
  public var keepsItsRoot: Bool {
    switch self {
    case .nspawn, .lxc, .openvz, .wsl: true
    case .docker, .podman, .kubernetes, .other: false
    }
  }
}

/// What tells that this system is in a container.
public struct ContainerMark: Equatable, Sendable {
  public var manager: ContainerManager
  /// The image that the container was made from, where the manager says so.
  public var image: String?
  /// The file that told it.
  public var seen: String
  /// Whether nothing but a container leaves this mark. `/.dockerenv` alone is in every root file system that was
  /// exported from Docker, also in that of an appliance.
  public var isSure: Bool

  public init(
    _ manager: ContainerManager, image: String? = nil, seen: String, isSure: Bool = true
  ) {
    self.manager = manager
    self.image = image
    self.seen = seen
    self.isSure = isSure
  }
}
