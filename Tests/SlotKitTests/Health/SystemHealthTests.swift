import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage
import Testing

@testable import SlotKit

/// What `krux-health` does with the watchdog after a verdict, on a file that plays the device: nothing may hang on a
/// watchdog that nobody feeds.
@Suite struct SystemHealthTests {
  /// - Parameter systemctl: what plays it; nil for a machine without systemd.
  private static func health(
    _ scratch: Scratch, systemctl: String?, device: String = "watchdog0"
  ) throws -> SystemHealth {
    if systemctl != nil { try scratch.write("run/system/unit", "") }
    try scratch.write("watchdog0", "")
    try scratch.script("systemctl", systemctl ?? "exit 1")
    var configuration = Configuration()
    configuration.health.watchdogDevice = scratch.path(device).string
    let layout = Layout(
      configuration: "/nonexistent", keysDirectory: "/nonexistent", feedAddress: "/nonexistent",
      feedRoot: "/nonexistent", machineID: "/nonexistent", osRelease: [],
      stateDirectory: scratch.path("state"), dataMount: nil, runDirectory: scratch.path("krux"),
      grubEnvironment: scratch.path("grubenv"), servicesDirectory: "/nonexistent",
      journalSocket: scratch.path("journal"), folder: nil)
    let updater = Updater(
      layout: layout, configuration: configuration, machine: MemoryMachine(),
      boot: MemoryBootControl(.scriptDefaults), ledgers: MemoryLedger())
    return SystemHealth(
      updater, usesWatchdog: true, folders: [],
      manager: ServiceManager(
        notifySocket: nil, runtimeDirectory: scratch.path("run"),
        systemctl: scratch.path("systemctl").string))
  }

  @Test func itIsFedAndHandedOver() throws {
    try withScratch { scratch in
      // What takes the device over is seen by its being busy; a file is gone instead.
      let health = try SystemHealthTests.health(
        scratch,
        systemctl:
          "cp \(scratch.path("watchdog0")) \(scratch.path("seen")); rm \(scratch.path("watchdog0"))"
      )
      health.feedWatchdog(until: .max / 2)
      #expect(health.handWatchdogOver() == [])
      let seen = try scratch.read("seen")
      #expect(!seen.isEmpty && seen.allSatisfy { $0 == "\0" }, "fed, and not stopped")
      #expect(health.handWatchdogOver() == [], "once is enough")
    }
  }

  @Test func whatSystemdDoesNotTakeIsStopped() throws {
    try withScratch { scratch in
      let health = try SystemHealthTests.health(scratch, systemctl: "exit 0")
      health.feedWatchdog(until: .max / 2)
      let device = scratch.path("watchdog0")
      #expect(
        health.handWatchdogOver() == ["the watchdog was stopped: systemd did not take \(device)"])
      #expect(try scratch.read("watchdog0").hasPrefix("V"))
    }
  }

  @Test func aReloadThatFailsLeavesNothingArmed() throws {
    try withScratch { scratch in
      let health = try SystemHealthTests.health(scratch, systemctl: "echo no; exit 1")
      health.feedWatchdog(until: .max / 2)
      let warnings = health.handWatchdogOver()
      #expect(warnings.count == 2 && warnings.last?.contains("systemd did not take") == true)
      #expect(try scratch.read("watchdog0").hasPrefix("V"))
    }
  }

  @Test func withoutSystemdItIsStopped() throws {
    try withScratch { scratch in
      let health = try SystemHealthTests.health(scratch, systemctl: nil)
      health.feedWatchdog(until: .max / 2)
      #expect(
        health.handWatchdogOver() == ["the watchdog was stopped: systemd cannot take it over"])
      #expect(try scratch.read("watchdog0").hasSuffix("V"))
    }
  }

  @Test func aMachineWithoutOneIsToldOf() throws {
    try withScratch { scratch in
      let health = try SystemHealthTests.health(scratch, systemctl: "exit 0", device: "none")
      health.feedWatchdog(until: 0)
      #expect(try scratch.read("watchdog0") == "")
    }
  }

  @Test(arguments: [
    ("http://127.0.0.1:8080/health/ready", "/health/ready"), ("http://box", "http://box"),
    ("https://box/", "/"), ("nonsense", "nonsense"),
  ])
  func anEndpointIsCalledByItsPath(url: String, name: String) {
    #expect(SystemHealth.name(of: url) == name)
  }
}
