import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import Testing

/// A month of automatic updates: the timer turns every quarter of an hour, and things happen.
@Suite struct AutoMonthTests {
  private let world: AutoWorld
  private let schedule: WindowSchedule
  private var settings = AutoSettings()

  init() throws {
    // March 2026 in Berlin: a Sunday to begin with, and a night without an hour on the 29th.
    let zone = try TimeZoneRules(
      file: Array(try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin"))),
      name: "Europe/Berlin")
    world = try AutoWorld(AutoMonthTests.time("01 00:00"), zone: zone, bad: ["1.0.3"])
    settings.isEnabled = true
    settings.step = .reboot
    settings.windows = [try MaintenanceWindow("Tue,Thu,Sun 02:00-04:00")]
    schedule = WindowSchedule(settings.windows, zone)
  }

  /// `09 12:00` of March, by a clock in UTC.
  private static func time(_ text: String) -> Timestamp {
    Timestamp("2026-03-\(text.prefix(2))T\(text.suffix(5)):00Z") ?? Timestamp(seconds: 0)
  }

  private func days(_ from: String) -> Rollout {
    Rollout(waves: [.init(from: AutoMonthTests.time(from), percent: 100)])
  }

  /// What happens to the device from outside, and when.
  private var plan: [(at: String, what: (AutoWorld) throws -> Void)] {
    [
      ("02 12:00", { $0.publish($0.release("1.0.2")) }),
      ("04 12:00", { $0.publish($0.release("1.0.3", rollout: days("06 09:00"))) }),
      ("09 12:00", { $0.publish($0.release("1.0.4")) }),
      ("11 12:00", { $0.change { $0.isOffline = true } }),
      ("12 12:00", { $0.publish($0.release("1.0.5")) }),
      ("14 12:00", { $0.change { $0.isOffline = false } }),
      ("16 10:00", { $0.change { $0.pin = "1.0.5" } }),
      ("16 12:00", { $0.publish($0.release("1.0.6")) }),
      // The clock of the device goes ahead into Thursday's window, and is set right during the install.
      (
        "18 10:00",
        {
          $0.change {
            $0.pin = nil
            $0.skew = 15 * 3600 + 1200
            $0.meanwhile = { world in world.change { $0.skew = 0 } }
          }
        }
      ),
      ("18 12:00", { $0.change { $0.meanwhile = nil } }),
      ("23 06:00", { $0.publish($0.release("1.0.7")) }),
      ("24 00:30", { $0.publish($0.release("1.0.7", withdrawn: "it eats disks")) }),
      (
        "25 06:00",
        {
          $0.publish($0.release("1.0.8"))
          $0.change { $0.inhibitors = [.reboot: "somebody watches a film"] }
        }
      ),
      ("26 12:00", { $0.publish($0.release("1.0.8", withdrawn: "it is loud")) }),
      ("27 06:00", { $0.change { $0.inhibitors = [:] } }),
      ("27 07:00", { $0.publish($0.release("1.0.9")) }),
      (
        "30 12:00",
        {
          _ = try $0.updater.rollback(force: false) { _ in }
          $0.note("an operator rolls back")
          try $0.restart()
        }
      ),
    ]
  }

  /// Runs the month. What the device waited for is noted whenever it changes.
  private func run() throws {
    var random = SeededRandom(seed: 2)
    var plan = plan[...]
    var waits = ""
    while world.look({ $0.time }) < AutoMonthTests.time("31 22:00").seconds {
      while let next = plan.first, AutoMonthTests.time(next.at).seconds <= world.look({ $0.time }) {
        try next.what(world)
        plan = plan.dropFirst()
      }
      let report = try world.turn(settings)
      let wait =
        report.wait.map { ([$0.code] + [$0.version].compactMap(\.self)).joined(separator: " ") }
        ?? waits
      if wait != waits { world.note("waits: \(wait)") }
      waits = wait
      let pause = 900 + Int64.random(in: 0...300, using: &random)
      world.change { $0.time += pause }
    }
  }

  private func local(_ time: Timestamp) -> String { String(schedule.zone.text(time).dropFirst(8)) }

  @Test func aMonth() throws {
    try run()
    let happened = world.log.filter { $0.what != "asks" }
    let lines = happened.map { "\(local($0.at)) \($0.what)" }.joined(separator: "\n")
    #expect(lines == AutoMonthTests.expected)
    try checkWindows(happened)
    try checkQuestions()
    let status = try world.updater.status()
    #expect(status.version == "1.0.6")
    #expect(status.knownBad.map(\.version) == ["1.0.3"])
  }

  /// Whatever the list says: nothing took effect outside of a window.
  private func checkWindows(_ happened: [(at: Timestamp, what: String)]) throws {
    let effects = happened.filter { $0.what.hasPrefix("applied") || $0.what == "reboots" }
    #expect(effects.count > 8)
    for effect in effects { #expect(schedule.isOpen(at: effect.at), "\(effect)") }
    // One trial for each image.
    let applied = happened.map(\.what).filter { $0.hasPrefix("applied") }
    #expect(Set(applied).count == applied.count)
  }

  /// The feed is asked often enough, and not more often.
  private func checkQuestions() throws {
    let asked = world.log.filter { $0.what == "asks" }.map(\.at)
    let gaps = zip(asked, asked.dropFirst()).map { $1.seconds - $0.seconds }
    // An interval, its jitter, and a turn of the timer with an install in it.
    #expect(gaps.max() ?? 0 <= 6 * 3600 + 1800 + 2400)
    let offline = asked.filter {
      ($0 > AutoMonthTests.time("11 12:00")) && ($0 < AutoMonthTests.time("14 12:00"))
    }
    #expect(
      (12...19).contains(offline.count), "\(offline.count) times in three days without a feed")
    // Each check, and one before each of the installs.
    #expect((110...150).contains(asked.count), "\(asked.count) times in a month")
  }

  /// Day and time in Berlin, and what happened. The seeds make the minutes the same each time.
  private static let expected = """
    01 01:00 waits: up-to-date
    02 16:02 downloaded 1.0.2
    02 16:02 waits: window 1.0.2
    03 02:23 applied 1.0.2
    03 02:23 reboots
    03 02:24 confirmed 1.0.2
    03 02:41 waits: up-to-date
    04 16:09 waits: later 1.0.3
    06 10:27 downloaded 1.0.3
    06 10:27 waits: window 1.0.3
    08 02:13 applied 1.0.3
    08 02:13 reboots
    08 02:14 falls back from 1.0.3
    08 02:15 runs 1.0.2
    08 02:30 waits: known-bad 1.0.3
    09 16:16 downloaded 1.0.4
    09 16:16 waits: window 1.0.4
    10 02:16 applied 1.0.4
    10 02:16 reboots
    10 02:17 confirmed 1.0.4
    10 02:34 waits: up-to-date
    14 18:26 downloaded 1.0.5
    14 18:26 waits: window 1.0.5
    15 02:18 applied 1.0.5
    15 02:18 reboots
    15 02:19 confirmed 1.0.5
    15 02:39 waits: up-to-date
    16 11:03 waits: pinned
    16 16:22 waits: pinned 1.0.6
    18 11:12 downloaded 1.0.6
    18 11:12 waits: window 1.0.6
    19 02:12 applied 1.0.6
    19 02:12 reboots
    19 02:13 confirmed 1.0.6
    19 02:28 waits: up-to-date
    23 08:45 downloaded 1.0.7
    23 08:45 waits: window 1.0.7
    24 02:11 waits: up-to-date
    25 09:53 downloaded 1.0.8
    25 09:53 waits: window 1.0.8
    26 02:18 applied 1.0.8
    26 02:18 waits: inhibited 1.0.8
    26 04:06 waits: window 1.0.8
    26 14:57 called off 1.0.8
    26 14:57 waits: up-to-date
    27 09:57 downloaded 1.0.9
    27 09:57 waits: window 1.0.9
    29 03:20 applied 1.0.9
    29 03:20 reboots
    29 03:21 confirmed 1.0.9
    29 03:38 waits: up-to-date
    30 14:16 an operator rolls back
    30 14:17 confirmed 1.0.6
    30 14:17 waits: tried 1.0.9
    """
}
