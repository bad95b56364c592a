import Foundation
import SlotKitTesting
import SystemPackage
import Testing

@testable import SlotKit

@Suite struct ServiceNotificationTests {
  @Test func aPathIsToldEverythingInOneDatagram() throws {
    try withScratch { scratch in
      let name = scratch.path("notify").string
      let socket = try DatagramReceiver(name)
      let manager = ServiceManager(notifySocket: name)
      #expect(manager.notify(.ready, .status("watching"), .extendTimeout(seconds: 90)))
      #expect(socket.receive() == "READY=1\nSTATUS=watching\nEXTEND_TIMEOUT_USEC=90000000")
    }
  }

  @Test func anAbstractNameIsTold() throws {
    let name = "@krux-\(UUID().uuidString)"
    let socket = try DatagramReceiver(name)
    #expect(ServiceManager(notifySocket: name).notify(.ready))
    #expect(socket.receive() == "READY=1")
  }

  @Test func aStatusCannotSayMoreThanAStatus() throws {
    try withScratch { scratch in
      let name = scratch.path("notify").string
      let socket = try DatagramReceiver(name)
      #expect(ServiceManager(notifySocket: name).notify(.status("gateway\nMAINPID=1\n")))
      #expect(socket.receive() == "STATUS=gateway MAINPID=1")
    }
  }

  @Test(arguments: [
    nil, "", "@", "relative", "/no/such/socket", String(repeating: "/x", count: 60),
  ])
  func whereNobodyListensNothingHappens(name: String?) {
    #expect(!ServiceManager(notifySocket: name).notify(.ready))
  }
}

@Suite struct WatchdogHandOverTests {
  private static func handOver(_ scratch: Scratch, systemctl: String) throws
    -> ServiceManager.HandOver
  {
    try scratch.script("systemctl", systemctl)
    return ServiceManager(
      notifySocket: nil, runtimeDirectory: scratch.path("run"),
      systemctl: scratch.path("systemctl").string
    ).handWatchdogToSystemd(seconds: 30)
  }

  @Test func theSettingIsThereWhenSystemdReloads() throws {
    try withScratch { scratch in
      try scratch.write("run/system/unit", "")
      let setting = scratch.path("run/system.conf.d/50-krux-watchdog.conf")
      let seen = scratch.path("seen")
      #expect(
        try WatchdogHandOverTests.handOver(
          scratch, systemctl: "echo $* > \(seen); cat \(setting) >> \(seen)") == .done)
      #expect(try scratch.read("seen") == "daemon-reload\n[Manager]\nRuntimeWatchdogSec=30s\n")
    }
  }

  @Test func aFailedReloadIsReported() throws {
    try withScratch { scratch in
      try scratch.write("run/system/unit", "")
      let outcome = try WatchdogHandOverTests.handOver(
        scratch, systemctl: "echo no bus; exit 1")
      #expect(
        outcome
          == .failed(reason: "'\(scratch.path("systemctl")) daemon-reload' failed: no bus"))
    }
  }

  @Test func withoutSystemdNothingIsWritten() throws {
    try withScratch { scratch in
      try scratch.write("run/other", "")
      #expect(
        try WatchdogHandOverTests.handOver(scratch, systemctl: "exit 0") == .noServiceManager)
      #expect(Files.names(in: scratch.path("run")) == ["other"])
    }
  }

  @Test func whatCannotBeWrittenIsReported() throws {
    try withScratch { scratch in
      try scratch.write("run/system/unit", "")
      try scratch.write("run/system.conf.d", "in the way")
      guard case .failed = try WatchdogHandOverTests.handOver(scratch, systemctl: "exit 0") else {
        Issue.record("nothing was reported")
        return
      }
    }
  }
}
