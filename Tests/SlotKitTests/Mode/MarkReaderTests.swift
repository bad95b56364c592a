import Foundation
import SlotCore
import SlotKit
import SystemPackage
import Testing

/// A folder that plays the `/` of a machine.
struct MachineRoot {
  let scratch: Scratch

  static func with(_ body: (MachineRoot) throws -> Void) throws {
    try withScratch { try body(MachineRoot(scratch: $0)) }
  }

  /// Writes a file, by its path on the machine.
  func write(_ path: String, _ text: String = "") throws { try scratch.write("root" + path, text) }

  func link(_ path: String, to target: String) throws {
    let file = scratch.folder.appending(path: "root" + path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: target)
  }

  /// A service in a tree, as an installation leaves it.
  func tree(_ name: String, version: String = "1.0") throws {
    try write("/usr/lib/krux/\(name)-\(version)/bin/run")
    try link("/usr/lib/krux/\(name)/current", to: "../\(name)-\(version)")
  }

  /// A process of a unit, as the kernel shows it.
  func process(
    _ number: Int, group: String, program: String, words: [String] = [], directory: String = "/"
  ) throws {
    try write("/proc/\(number)/cgroup", "0::\(group)\n")
    try write(
      "/proc/\(number)/cmdline", ([program] + words).map { $0 + "\0" }.joined())
    try link("/proc/\(number)/exe", to: program)
    try link("/proc/\(number)/cwd", to: directory)
  }

  func marks(program: String = "/usr/bin/krux-update") -> ModeMarks {
    MarkReader(root: scratch.path("root"), program: FilePath(program)).marks()
  }
}

struct MarkReaderTests {
  @Test func anEmptySystemHasNoMarks() throws {
    try MachineRoot.with { machine in
      try machine.write("/etc/hostname", "box\n")
      #expect(machine.marks() == ModeMarks())
    }
  }

  // MARK: - Trees

  @Test func aServiceWithALinkToAVersionIsATree() throws {
    try MachineRoot.with { machine in
      try machine.tree("gateway")
      try machine.link("/usr/lib/krux/vault/current", to: "../vault-gone")
      try machine.write("/usr/lib/krux/keys.d/release.pub")
      try machine.write("/usr/lib/krux/health.d/current", "a script of that name")
      #expect(machine.marks().trees == ["gateway", "vault"])
    }
  }

  // MARK: - Checkouts

  @Test(arguments: [
    ("/src/krux/.build/release/krux-update", "/src/krux"), ("/usr/bin/krux-update", nil),
    ("/other/bin/krux-update", nil), ("/krux-update", nil),
  ])
  func theProgramMayStandInACheckout(program: String, checkout: String?) throws {
    try MachineRoot.with { machine in
      for file in ["/src/krux/Package.swift", "/src/krux/.git", "/other/.git/HEAD"] {
        try machine.write(file)
      }
      // Somebody keeps the history of the whole system.
      for file in ["/.git/HEAD", "/Package.swift"] { try machine.write(file) }
      #expect(machine.marks(program: program).programCheckout == checkout)
    }
  }

  // MARK: - Units

  private static let slice = "/system.slice"

  @Test func aUnitThatRunsFromATree() throws {
    try MachineRoot.with { machine in
      try machine.tree("gateway")
      try machine.write(
        "/etc/systemd/system/gateway.service", "ExecStart=/usr/lib/krux/gateway/current/bin/run\n")
      try machine.process(
        10, group: "/system.slice/gateway.service", program: "/usr/lib/krux/gateway-1.0/bin/run")
      #expect(machine.marks().units == [UnitInUse("gateway.service", .tree)])
    }
  }

  /// The unit is ours by the file that names the tree; a drop-in that came later has it run from a checkout.
  @Test func aUnitThatADropInMovedToACheckout() throws {
    try MachineRoot.with { machine in
      try machine.tree("gateway")
      try machine.write("/src/gateway/.git", "gitdir: /elsewhere")
      try machine.write("/src/gateway/main.py")
      try machine.write(
        "/usr/lib/systemd/system/gateway@.service",
        "ExecStart=/usr/lib/krux/gateway/current/bin/run\n")
      try machine.process(
        10, group: "/system.slice/system-gateway.slice/gateway@1.service/worker",
        program: "/usr/bin/python3", words: ["-u", "/src/gateway/main.py"])
      #expect(machine.marks().units == [UnitInUse("gateway@1.service", .checkout("/src/gateway"))])
    }
  }

  @Test func aScriptIsFollowedThroughALink() throws {
    try MachineRoot.with { machine in
      try machine.write("/src/gateway/.git/HEAD")
      try machine.write("/src/gateway/main.py")
      try machine.link(
        "/opt/gateway.py", to: machine.scratch.path("root/src/gateway/main.py").string)
      try machine.process(
        10, group: "/system.slice/krux-gateway.service", program: "/usr/bin/python3",
        words: ["/opt/gateway.py"])
      #expect(
        machine.marks().units == [UnitInUse("krux-gateway.service", .checkout("/src/gateway"))])
    }
  }

  @Test func aProgramThatWorksInACheckoutRunsFromIt() throws {
    try MachineRoot.with { machine in
      try machine.write("/src/gateway/.git/HEAD")
      try machine.process(
        10, group: "/system.slice/krux.service", program: "/usr/bin/node",
        words: ["server.js"], directory: "/src/gateway")
      #expect(machine.marks().units == [UnitInUse("krux.service", .checkout("/src/gateway"))])
    }
  }

  /// Whose configuration and data have a history is no checkout for that.
  @Test func whatAProgramReadsIsNotWhatItIs() throws {
    try MachineRoot.with { machine in
      for file in ["/etc/.git/HEAD", "/etc/gateway.toml", "/data/.git/HEAD"] {
        try machine.write(file)
      }
      try machine.process(
        10, group: "/system.slice/krux-gateway.service", program: "/usr/bin/gateway",
        words: ["/etc/gateway.toml"], directory: "/data")
      try machine.process(
        11, group: "/system.slice/krux-vault.service", program: "/usr/bin/python3.11",
        words: ["/opt/vault.py", "/etc/gateway.toml"], directory: "/data")
      #expect(
        machine.marks().units == [
          UnitInUse("krux-gateway.service", .system), UnitInUse("krux-vault.service", .system),
        ])
    }
  }

  @Test func aProgramThatWasReplacedIsKnownAllTheSame() throws {
    try MachineRoot.with { machine in
      try machine.process(
        10, group: "/system.slice/krux-gateway.service", program: "/usr/bin/conmon (deleted)")
      #expect(machine.marks().units == [UnitInUse("krux-gateway.service", .container(.podman))])
    }
  }

  @Test(arguments: [
    ("/usr/bin/docker", ContainerManager.docker), ("/usr/bin/conmon", .podman),
    ("/usr/bin/podman", .podman), ("/usr/bin/systemd-nspawn", .nspawn),
  ])
  func aUnitMayRunAContainer(program: String, manager: ContainerManager) throws {
    try MachineRoot.with { machine in
      try machine.process(
        10, group: "/system.slice/krux-gateway.service", program: program, words: ["run"])
      #expect(machine.marks().units == [UnitInUse("krux-gateway.service", .container(manager))])
    }
  }

  @Test func unitsOfOthersAreNotLookedAt() throws {
    try MachineRoot.with { machine in
      try machine.tree("gateway")
      try machine.write("/src/other/.git/HEAD")
      // Somebody's service from somebody's checkout, a person's own service, a process of no unit.
      try machine.write("/etc/systemd/system/other.service", "ExecStart=/src/other/run\n")
      try machine.process(10, group: "/system.slice/other.service", program: "/src/other/run")
      try machine.process(
        11, group: "/user.slice/user-0.slice/user@0.service/app.slice/krux-x.service",
        program: "/src/other/run")
      try machine.process(12, group: "/init.scope", program: "/src/other/run")
      // One of ours that runs from nowhere in particular, in the form of control groups of version 1.
      try machine.write("/proc/13/cgroup", "4:cpu:/\n1:name=systemd:/system.slice/krux-x.service\n")
      try machine.link("/proc/13/exe", to: "/usr/bin/true")
      #expect(machine.marks().units == [UnitInUse("krux-x.service", .system)])
    }
  }
}
