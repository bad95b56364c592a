import SlotCore
import SlotKit
import Testing

/// What each manager leaves in its containers, and what only looks like it.
struct ContainerReadingTests {
  struct Case: Sendable {
    var files: [String: String]
    var mark: ContainerMark?
  }

  private static let overlay =
    "21 1 0:40 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=x\n"
  private static let partition = "21 1 8:2 / / ro,relatime shared:1 - ext4 /dev/sda2 ro\n"
  private static let privileged = """
    engine="podman-4.3.1"
    name="box"
    image="docker.io/library/debian:12"

    """

  @Test(arguments: [
    Case(
      files: ["/run/host/container-manager": "systemd-nspawn\n"],
      mark: ContainerMark(.nspawn, seen: "/run/host/container-manager")),
    Case(
      files: ["/run/systemd/container": "lxc"],
      mark: ContainerMark(.lxc, seen: "/run/systemd/container")),
    Case(
      files: ["/proc/1/environ": "HOME=/\0container=oci\0TERM=x\0"],
      mark: ContainerMark(.other("oci"), seen: "/proc/1/environ")),
    Case(
      files: ["/run/.containerenv": privileged, "/proc/1/environ": "container=podman\0"],
      mark: ContainerMark(
        .podman, image: "docker.io/library/debian:12", seen: "/proc/1/environ")),
    // Without privileges Podman tells nothing, and root's rights may be missing for the environment.
    Case(
      files: ["/run/.containerenv": ""],
      mark: ContainerMark(.podman, seen: "/run/.containerenv")),
    Case(
      files: ["/proc/1/cgroup": "0::/system.slice/docker-0123.scope\n"],
      mark: ContainerMark(.docker, seen: "/proc/1/cgroup")),
    Case(
      files: ["/proc/1/cgroup": "12:cpu:/kubepods/burstable/pod1/2\n"],
      mark: ContainerMark(.kubernetes, seen: "/proc/1/cgroup")),
    Case(
      files: ["/proc/1/cgroup": "0::/machine.slice/libpod-0123.scope\n"],
      mark: ContainerMark(.podman, seen: "/proc/1/cgroup")),
    Case(
      files: ["/proc/1/cgroup": "0::/lxc.payload.box\n"],
      mark: ContainerMark(.lxc, seen: "/proc/1/cgroup")),
    // Docker as it is today: a namespace of control groups hides the name.
    Case(
      files: ["/.dockerenv": "", "/proc/1/cgroup": "0::/\n", "/proc/self/mountinfo": overlay],
      mark: ContainerMark(.docker, seen: "/.dockerenv")),
    Case(
      files: ["/.dockerenv": "", "/sys/fs/cgroup/cgroup.events": "populated 1\n"],
      mark: ContainerMark(.docker, seen: "/.dockerenv")),
    Case(
      files: [
        "/.dockerenv": "", "/proc/self/mountinfo": overlay,
        "/run/secrets/kubernetes.io/serviceaccount/token": "",
      ],
      mark: ContainerMark(.kubernetes, seen: "/.dockerenv")),
    Case(files: ["/proc/vz/version": ""], mark: ContainerMark(.openvz, seen: "/proc/vz")),
    Case(
      files: ["/proc/sys/kernel/osrelease": "5.15.90.1-microsoft-standard-WSL2\n"],
      mark: ContainerMark(.wsl, seen: "/proc/sys/kernel/osrelease")),
    // A root file system that was exported from Docker, on a machine of its own.
    Case(
      files: [
        "/.dockerenv": "", "/proc/1/cgroup": "0::/init.scope\n", "/proc/self/mountinfo": partition,
      ],
      mark: ContainerMark(.docker, seen: "/.dockerenv", isSure: false)),
    Case(
      files: ["/sys/fs/cgroup/cgroup.events": "populated 1\n"],
      mark: ContainerMark(
        .other("an unknown manager"), seen: "/sys/fs/cgroup/cgroup.events", isSure: false)),
    // A virtual or real machine, and a host of OpenVZ.
    Case(
      files: [
        "/proc/1/environ": "HOME=/\0container=\0TERM=linux\0", "/proc/1/cgroup": "0::/init.scope\n",
        "/proc/self/mountinfo": partition, "/proc/vz/version": "", "/proc/bc/resources": "",
        "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n", "/run/systemd/container": "\n",
      ],
      mark: nil),
  ])
  func theMarkIsRead(_ example: Case) throws {
    try MachineRoot.with { machine in
      for (path, text) in example.files { try machine.write(path, text) }
      #expect(machine.marks().container == example.mark)
    }
  }
}
