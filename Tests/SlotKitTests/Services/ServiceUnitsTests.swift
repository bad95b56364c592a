import SlotCore
import SystemPackage
import Testing

@testable import SlotKit

/// What systemctl is asked, and what is made of its answers.
@Suite struct ServiceUnitsTests {
  private func restart(
    _ script: String, seconds: Int = 30
  ) throws -> (result: UnitRestart, asked: String) {
    try withScratch { scratch in
      try scratch.write("run/system/x", "")
      try scratch.write("asked", "")
      try scratch.script("systemctl", "echo \"$@\" >>\(scratch.path("asked"))\n\(script)")
      let manager = ServiceManager(
        notifySocket: nil, runtimeDirectory: scratch.path("run"),
        systemctl: scratch.path("systemctl").string)
      let result = manager.restart("a.service", timeoutSeconds: seconds, Cancellation())
      return (result, try scratch.read("asked"))
    }
  }

  @Test func aRestart() throws {
    let (result, asked) = try restart("exit 0")
    #expect(result == .done)
    #expect(asked == "restart -- a.service\n")
  }

  @Test func aUnitThatDoesNotComeUpWasRestarted() throws {
    #expect(try restart("exit 1").result == .done)
  }

  @Test func aUnitThatIsNotThere() throws {
    #expect(
      try restart("echo 'Unit a.service not found.'; exit 5").result
        == .impossible("Unit a.service not found."))
    #expect(try restart("echo refused; exit 4").result == .impossible("refused"))
  }

  @Test func aUnitThatHangsOnStop() throws {
    #expect(
      try restart("exec sleep 1000", seconds: 1).result
        == .impossible("it did not stop and start within 1 s"))
  }

  @Test func withoutSystemd() throws {
    try withScratch { scratch in
      let manager = ServiceManager(notifySocket: nil, runtimeDirectory: scratch.path("run"))
      #expect(
        manager.restart("a.service", timeoutSeconds: 1, Cancellation())
          == .impossible("systemd does not run this machine"))
      #expect(manager.complaint(of: ["a.service"], Cancellation()) == nil)
    }
  }

  @Test func unitsHaveToBeActive() throws {
    try withScratch { scratch in
      try scratch.write("run/system/x", "")
      func complaint(_ states: String) throws -> String? {
        try scratch.script("systemctl", "printf '\(states)'; exit 3")
        return ServiceManager(
          notifySocket: nil, runtimeDirectory: scratch.path("run"),
          systemctl: scratch.path("systemctl").string
        ).complaint(of: ["a.service", "b.service"], Cancellation())
      }
      #expect(try complaint(#"active\nactive\n"#) == nil)
      #expect(try complaint(#"active\nactivating\n"#) == "b.service is activating")
      #expect(try complaint(#"failed\nactive\n"#) == "a.service is failed")
      #expect(try complaint(#"active\n"#) == "b.service is of unknown state")
    }
  }
}
