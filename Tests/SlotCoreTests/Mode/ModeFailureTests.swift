import SlotCore
import Testing

/// What a person is told who asks for something that cannot work in the mode of the machine.
struct ModeFailureTests {
  static func refusal(
    _ work: ModeWork = .install, _ change: (inout ModeMarks) -> Void
  ) -> ModeFailure? {
    let marks = ModeVerdictTests.marks(change)
    return ModeVerdict(marks).refusal(marks, work)
  }

  static let everyWork: [ModeWork] = [.install, .rollBack, .decide, .releases]

  @Test(arguments: everyWork)
  func nothingIsRefusedToAnApplianceAndToAnUnknownSystem(work: ModeWork) {
    #expect(ModeFailureTests.refusal(work) { $0.bootsFromSlot = true } == nil)
    #expect(ModeFailureTests.refusal(work) { _ in } == nil)
  }

  @Test func aTreeInstallationUpdatesServices() throws {
    let failure = try #require(ModeFailureTests.refusal { $0.trees = ["gateway", "vault"] })
    #expect(failure.code == .tree)
    #expect(
      failure.message == "services are installed as trees in /usr/lib/krux (gateway, vault), and "
        + "this machine has no slots")
    #expect(failure.hint == "for services: krux-update apply --service-only")
    let details = try #require(failure.details)
    #expect(
      details.compact == #"{"mode":"tree","commands":["krux-update apply --service-only"]}"#)
    #expect(ModeFailureTests.refusal(.releases) { $0.trees = ["gateway"] } == nil)
    let back = try #require(
      ModeFailureTests.refusal(.rollBack) { $0.trees = ["gateway", "vault"] })
    let commands = try #require(back.details?["commands"]?.arrayValue)
    #expect(
      commands == [
        .string("krux-update rollback --service gateway"),
        .string("krux-update rollback --service vault"),
      ])
    let decision = try #require(ModeFailureTests.refusal(.decide) { $0.trees = ["gateway"] })
    #expect(decision.hint == nil)
  }

  @Test(arguments: [
    (ContainerMark(.docker, seen: "/.dockerenv"), "docker pull IMAGE"),
    (ContainerMark(.podman, image: "quay.io/k/os:1", seen: "x"), "podman pull quay.io/k/os:1"),
    (ContainerMark(.podman, image: "a b'c", seen: "x"), #"podman pull 'a b'\''c'"#),
    (ContainerMark(.kubernetes, seen: "x"), "kubectl set image WORKLOAD CONTAINER=IMAGE"),
    (ContainerMark(.nspawn, seen: "x"), "machinectl pull-tar --force ADDRESS MACHINE"),
  ])
  func aContainerIsReplacedFromOutside(mark: ContainerMark, command: String) throws {
    for work in ModeFailureTests.everyWork {
      let failure = try #require(ModeFailureTests.refusal(work) { $0.container = mark })
      #expect(failure.code == .container)
      #expect(failure.message.hasPrefix("this system is a container of \(mark.manager.name)"))
      #expect(failure.hint == "on the host: \(command); then start the container anew from it")
      let details = try #require(failure.details)
      #expect(details["mode"] == .string("container"))
      #expect(details["manager"] == .string(mark.manager.name))
      #expect(details["image"] == mark.image.json)
      #expect(details["seen"] == .string(mark.seen))
      #expect(details["commands"] == .strings([command]))
    }
  }

  @Test func aContainerOfAnUnknownManagerHasNoCommand() throws {
    let mark = ContainerMark(.other("box\u{1b}"), seen: "/proc/1/environ")
    let failure = try #require(ModeFailureTests.refusal { $0.container = mark })
    #expect(failure.hint == "update it with the tools of its host")
    #expect(!failure.message.contains("\u{1b}"))
    #expect(failure.details?["commands"] == .strings([]))
  }

  @Test func aUnitThatRunsAContainerIsUpdatedByItsManager() throws {
    let failure = try #require(
      ModeFailureTests.refusal { $0.units = [ModeVerdictTests.contained] })
    #expect(failure.code == .container)
    #expect(failure.message.hasPrefix("krux-gateway.service runs a container of podman"))
    #expect(failure.details?["commands"] == .strings(["podman auto-update"]))
  }

  @Test func aCheckoutIsUpdatedByGit() throws {
    let failure = try #require(ModeFailureTests.refusal { $0.programCheckout = "/home/me/my src" })
    #expect(failure.code == .development)
    #expect(failure.message == "this product runs from the source checkout /home/me/my src")
    #expect(
      failure.hint
        == "update it with: git -C '/home/me/my src' pull && make -C '/home/me/my src' install")
    #expect(failure.details?["checkout"] == .string("/home/me/my src"))
  }

  @Test func twoModesAreToldApartByTheUnits() throws {
    let failure = try #require(
      ModeFailureTests.refusal {
        ($0.trees, $0.units) = (["gateway"], [ModeVerdictTests.developed])
      })
    #expect(failure.code == .mixed)
    #expect(
      failure.message == "two installations at once: services are installed as trees in "
        + "/usr/lib/krux (gateway); this product runs from the source checkout /src/gateway")
    #expect(
      failure.hint == "in use is 'development', which the units execute: gateway.service "
        + "(development); to remove 'tree': rm -r /usr/lib/krux/gateway /usr/lib/krux/gateway-*")
    let details = try #require(failure.details)
    #expect(
      details.compact == #"{"mode":"mixed","modes":["tree","development"],"inUse":"development","#
        + #""units":[{"unit":"gateway.service","mode":"development"}],"#
        + #""commands":["rm -r /usr/lib/krux/gateway /usr/lib/krux/gateway-*"]}"#)
  }

  @Test func whatIsNotInUseIsToBeRemoved() throws {
    let tree = try #require(
      ModeFailureTests.refusal {
        $0.trees = ["gateway"]
        $0.units = [ModeVerdictTests.gateway]
        $0.programCheckout = "/src/k"
      })
    #expect(
      tree.hint == "in use is 'tree', which the units execute: gateway.service (tree); "
        + "start the installed krux-update, not the one in the checkout")
    let both = try #require(
      ModeFailureTests.refusal {
        $0.trees = ["gateway"]
        $0.units = [ModeVerdictTests.gateway, ModeVerdictTests.developed]
      })
    let hint = try #require(both.hint)
    #expect(
      hint.hasPrefix(
        "units execute more than one: gateway.service (tree), gateway.service (development); "))
    #expect(
      hint.hasSuffix(
        "to remove 'development': systemctl revert gateway.service && systemctl restart gateway.service"
      ))
    let none = try #require(
      ModeFailureTests.refusal { ($0.trees, $0.programCheckout) = (["gateway"], "/src/k") })
    #expect(none.hint?.hasPrefix("no running unit tells which one is in use; ") == true)
    let contained = try #require(
      ModeFailureTests.refusal {
        ($0.programCheckout, $0.units) = ("/src/k", [ModeVerdictTests.contained])
      })
    #expect(contained.details?["commands"] == .strings([]))
  }

  @Test func theWayBackIsNeverClosedToAnAppliance() throws {
    let mixed: (inout ModeMarks) -> Void = {
      ($0.bootsFromSlot, $0.units) = (true, [ModeVerdictTests.developed])
    }
    let failure = try #require(ModeFailureTests.refusal(.install, mixed))
    #expect(failure.code == .mixed)
    for work in [ModeWork.rollBack, .decide, .releases] {
      #expect(ModeFailureTests.refusal(work, mixed) == nil)
    }
  }
}
