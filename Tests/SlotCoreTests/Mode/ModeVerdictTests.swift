import SlotCore
import Testing

/// Each line of the table in docs/decisions/0025.
struct ModeVerdictTests {
  static func marks(_ change: (inout ModeMarks) -> Void) -> ModeMarks {
    var marks = ModeMarks()
    change(&marks)
    return marks
  }

  static let docker = ContainerMark(.docker, seen: "/.dockerenv")
  static let exported = ContainerMark(.docker, seen: "/.dockerenv", isSure: false)
  static let nspawn = ContainerMark(.nspawn, seen: "/run/host/container-manager")
  static let gateway = UnitInUse("gateway.service", .tree)
  static let developed = UnitInUse("gateway.service", .checkout("/src/gateway"))
  static let contained = UnitInUse("krux-gateway.service", .container(.podman))

  @Test func aSystemWithoutMarksHasNoMode() {
    #expect(ModeVerdict(ModeMarks()) == .unknown)
    let other = ModeVerdictTests.marks { $0.units = [UnitInUse("krux-x.service", .system)] }
    #expect(ModeVerdict(other) == .unknown)
  }

  @Test(arguments: [
    (marks { $0.bootsFromSlot = true }, Mode.image),
    // Services of an appliance come on top of it.
    (marks { ($0.bootsFromSlot, $0.trees, $0.units) = (true, ["gateway"], [gateway]) }, .image),
    // An appliance may run containers.
    (marks { ($0.bootsFromSlot, $0.units) = (true, [contained]) }, .image),
    // Its root file system was exported from Docker.
    (marks { ($0.bootsFromSlot, $0.container) = (true, exported) }, .image),
    (marks { $0.trees = ["gateway"] }, .tree),
    (marks { ($0.trees, $0.units) = (["gateway"], [gateway]) }, .tree),
    (marks { ($0.trees, $0.container) = (["gateway"], exported) }, .tree),
    // A container that lives on as a machine does.
    (marks { ($0.trees, $0.container) = (["gateway"], nspawn) }, .tree),
    (marks { $0.container = docker }, .container),
    (marks { $0.container = exported }, .container),
    (marks { $0.container = nspawn }, .container),
    // The trees of its image are replaced with it.
    (marks { ($0.container, $0.trees, $0.units) = (docker, ["gateway"], [gateway]) }, .container),
    // Its files lie in a slot of the appliance that runs it.
    (marks { ($0.container, $0.bootsFromSlot) = (docker, true) }, .container),
    (marks { $0.units = [contained] }, .container),
    (marks { $0.programCheckout = "/src/krux-update" }, .development),
    (marks { $0.units = [developed] }, .development),
    (marks { ($0.container, $0.programCheckout) = (docker, "/workspace") }, .development),
  ])
  func oneModeFits(marks: ModeMarks, mode: Mode) {
    #expect(ModeVerdict(marks) == .one(mode))
  }

  @Test(arguments: [
    (
      marks { ($0.trees, $0.units) = (["gateway"], [developed]) },
      ModeVerdict.mixed([.tree, .development], inUse: .development)
    ),
    (
      marks { ($0.trees, $0.units, $0.programCheckout) = (["gateway"], [gateway], "/src/k") },
      .mixed([.tree, .development], inUse: .tree)
    ),
    (
      marks { ($0.trees, $0.programCheckout) = (["gateway"], "/src/k") },
      .mixed([.tree, .development], inUse: nil)
    ),
    (
      marks { ($0.trees, $0.units) = (["gateway", "b"], [gateway, developed]) },
      .mixed([.tree, .development], inUse: nil)
    ),
    (
      marks { ($0.trees, $0.units) = (["gateway"], [contained]) },
      .mixed([.tree, .container], inUse: .container)
    ),
    (
      marks { ($0.bootsFromSlot, $0.units) = (true, [developed]) },
      .mixed([.image, .development], inUse: .development)
    ),
    (
      marks { ($0.bootsFromSlot, $0.programCheckout) = (true, "/src/k") },
      .mixed([.image, .development], inUse: .image)
    ),
    (
      marks { ($0.programCheckout, $0.units) = ("/src/k", [contained]) },
      .mixed([.container, .development], inUse: .container)
    ),
  ])
  func twoModesAtOnceAreNamed(marks: ModeMarks, verdict: ModeVerdict) {
    #expect(ModeVerdict(marks) == verdict)
  }

  @Test(arguments: [
    ("docker", ContainerManager.docker, false), ("podman", .podman, false),
    ("systemd-nspawn", .nspawn, true), ("lxc", .lxc, true), ("wsl", .wsl, true),
    ("openvz", .openvz, true), ("kubernetes", .kubernetes, false), ("oci", .other("oci"), false),
  ])
  func aManagerIsKnownByItsName(name: String, manager: ContainerManager, keepsItsRoot: Bool) {
    #expect(ContainerManager(interfaceName: name) == manager)
    #expect(manager.name == name)
    #expect(manager.keepsItsRoot == keepsItsRoot)
  }
}
