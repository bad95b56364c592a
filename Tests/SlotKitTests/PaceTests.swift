import Foundation
import SlotCore
import SlotKitTesting
import Synchronization
import SystemPackage
import Testing

@testable import SlotKit

/// Others that wait all the time, and a clock that goes on by a step with each look at it.
private final class BusyMachine: PressureSource {
  private let time = Atomic<Int64>(0)
  private let asked = Atomic<Int>(0)
  let step: Int64

  init(step: Int64) { self.step = step }

  var readings: Int { asked.load(ordering: .relaxed) }

  func now() -> Int64 { time.wrappingAdd(step, ordering: .relaxed).newValue }

  func reading() -> PressureReading {
    asked.wrappingAdd(1, ordering: .relaxed)
    var reading = PressureReading()
    reading.add("other", "some avg10=0.00 total=\(time.load(ordering: .relaxed) * 1000)")
    return reading
  }
}

@Suite struct PaceTests {
  /// The first steps wait for another to begin meanwhile: for a while where there should be none.
  @Test(arguments: [false, true]) func aloneNothingIsDoneSideBySide(isAlone: Bool) throws {
    let cancellation = Cancellation()
    if isAlone { cancellation.workAlone() }
    let (active, together) = (SharedCounter(0), SharedCounter(0))
    let ignored: @Sendable (UInt64) -> Void = { _ in }
    try ParallelSpans.forEach(
      0..<4, bufferBytes: 4096, cancellation, progress: ignored
    ) { _, _ in
      if active.add(1) > 1 { _ = together.increment() }
      let end = BootClock.now() + (isAlone ? 50 : 10_000)
      while together.current == 0, BootClock.now() < end { sched_yield() }
      _ = active.add(-1)
      return 1
    }
    #expect((together.current == 0) == isAlone)
    #expect(cancellation.workerCount == (isAlone ? 1 : Threads.workerCount))
    #expect(cancellation.rebuilderCount == (isAlone ? 1 : Threads.rebuilderCount))
    #expect(cancellation.readerCount == (isAlone ? 1 : Threads.readerCount))
  }

  @Test func everyStepOfAnInstallLooksAtThePace() throws {
    let harness = try InstallHarness()
    let machine = BusyMachine(step: PressureThrottle.interval)
    harness.cancellation.follow(Pace(limitPercent: 1, machine, clock: machine.now))
    #expect(try harness.apply() == .staged(version: "2.0"))
    #expect(harness.imageInTarget)
    // Three pieces to write, one to read back, one for the head, and the switch.
    #expect(machine.readings >= 6)
  }

  @Test func aStepWaitsAndASignalEndsTheWaiting() throws {
    let machine = BusyMachine(step: 1)
    let isAsked = DispatchSemaphore(value: 0)
    let pace = Pace(limitPercent: 1, machine) {
      isAsked.signal()
      return machine.now()
    }
    // An hour's worth of steps stand in line by now.
    for _ in 0..<40_000 {
      _ = pace.delay()
      isAsked.wait()
    }
    try #require(pace.delay() > 3_600_000)
    isAsked.wait()
    let cancellation = Cancellation()
    cancellation.follow(pace)
    let ended = Mutex<Bool?>(nil)
    let hasEnded = DispatchSemaphore(value: 0)
    let thread = Threads.start {
      do {
        try cancellation.check()
        ended.withLock { $0 = false }
      } catch { ended.withLock { $0 = true } }
      // One that asks nobody is no reason to wait for ever here.
      isAsked.signal()
      hasEnded.signal()
    }
    isAsked.wait()
    cancellation.cancel(signal: SIGINT)
    #expect(hasEnded.wait(timeout: .now() + 600) == .success)
    thread?.join()
    #expect(ended.withLock { $0 } == true)
  }
}

@Suite struct OtherGroupsTests {
  /// A unified hierarchy in a folder.
  private let folder: TemporaryFolder
  private var mountinfo: String {
    """
    22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
    30 22 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
    31 22 0:27 / \(folder.path) rw,nosuid shared:9 - cgroup2 cgroup2 rw
    """
  }

  init() throws {
    folder = try TemporaryFolder()
    for group in [
      "", "init.scope/", "system.slice/", "system.slice/gateway.service/",
      "system.slice/krux.service/", "system.slice/krux.service/part/", "user.slice/",
      "user.slice/user-0.slice/",
    ] {
      let path = folder.path.appending(group)
      try FileManager.default.createDirectory(
        atPath: path.string, withIntermediateDirectories: true)
      try folder.write("", to: "\(group)cgroup.procs")
      try folder.write("some avg10=0.00 total=7\n", to: "\(group)io.pressure")
    }
    try folder.write("", to: "not-a-group")
  }

  private func others(_ place: String) -> [String]? {
    OtherGroups(mountinfo: mountinfo, membership: "9:name=systemd:/x\n0::\(place)\n")
      .map { $0.list().map { String($0.string.dropFirst(folder.path.string.count + 1)) }.sorted() }
  }

  @Test func everybodyElseIsSeenOnce() {
    #expect(
      others("/system.slice/krux.service")
        == ["init.scope", "system.slice/gateway.service", "user.slice"])
    #expect(others("/user.slice/user-0.slice") == ["init.scope", "system.slice"])
    #expect(others("/") == ["init.scope", "system.slice", "user.slice"])
  }

  @Test func whatTheyWaitedForIsRead() throws {
    var groups = try #require(OtherGroups(mountinfo: mountinfo, membership: "0::/user.slice"))
    try folder.write("some avg10=0.00 total=9\n", to: "system.slice/cpu.pressure")
    try folder.write("some avg10=0.00 total=800\n", to: "user.slice/io.pressure")
    let before = groups.reading()
    #expect(
      Set(before.stalled.keys.map { $0.dropFirst(folder.path.string.count) })
        == ["/init.scope/io.pressure", "/system.slice/io.pressure", "/system.slice/cpu.pressure"])
    try folder.write("some avg10=0.00 total=900\n", to: "user.slice/io.pressure")
    #expect(groups.reading().longestStall(since: before) == 0)
    try folder.write("some avg10=0.00 total=59\n", to: "system.slice/cpu.pressure")
    #expect(groups.reading().longestStall(since: before) == 50)
  }

  /// A process in a group of another name space, or without one.
  @Test(arguments: ["/../other", "", "system.slice"])
  func aPlaceThatCannotBeSeenIsNone(place: String) { #expect(others(place) == nil) }

  @Test func withoutTheHierarchyThereIsNothing() {
    #expect(
      OtherGroups(mountinfo: "22 1 254:1 / / rw - ext4 /dev/sda2 rw", membership: "0::/") == nil)
    #expect(OtherGroups(mountinfo: "1 2 - cgroup2", membership: "0::/") == nil)
  }

  @Test func aKernelWithoutPressureSaysNothing() throws {
    for group in ["init.scope", "system.slice", "user.slice"] {
      try FileManager.default.removeItem(
        atPath: folder.path.appending(group).appending("io.pressure").string)
    }
    var groups = try #require(OtherGroups(mountinfo: mountinfo, membership: "0::/"))
    #expect(groups.reading().isEmpty)
  }
}
