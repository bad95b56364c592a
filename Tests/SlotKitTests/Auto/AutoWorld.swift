import Foundation
import SlotCore
import SlotKitTesting
import Synchronization
import SystemPackage

@testable import SlotKit

/// A device with automatic updates whose time passes only when it is told to: slots, boot environment and ledger in
/// memory, real installs of small bundles, and a feed of which an index is all that counts.
final class AutoWorld: AutoEffects {
  struct State {
    /// Seconds since 1970 by a clock that is always right.
    var time: Int64
    /// How far the device's own is off.
    var skew: Int64 = 0
    var bootCount = 1
    var booted = SlotName.a
    var bootTime: Int64
    var index = ReleaseIndex(
      channel: "stable", product: "kruxos", issued: Timestamp(seconds: 1_770_000_000))
    var stored: ReleaseIndex?
    var isOffline = false
    var pin: String?
    var inhibitors: [AutoStep: String] = [:]
    var zoneFault: AutoFailure?
    var isClockBehind = false
    /// Seconds of an install, up to the question whether to switch.
    var installSeconds: Int64 = 600
    /// What happens while an install goes on.
    var meanwhile: (@Sendable (AutoWorld) -> Void)?
    var installFault: (any Error)?
    var saveFault: AutoFailure?
    var memory = AutoMemory()
    var random = SeededRandom(seed: 1)
    var mustReboot = false
    var log: [(at: Timestamp, what: String)] = []
    var events: [RecordEvent] = []
    var saves = 0
  }

  private let state: Mutex<State>
  let zone: TimeZoneRules
  let boot: MemoryBootControl
  let ledger = MemoryLedger()
  let devices: [SlotName: MemoryDevice]
  let folder: URL
  /// Versions that do not come up healthy.
  let bad: Set<String>
  private let bundles: [String: SampleBundle]
  static let key = SecretKey.generate()

  init(_ start: Timestamp, zone: TimeZoneRules = .utc, versions: Int = 9, bad: Set<String> = [])
    throws
  {
    self.zone = zone
    self.bad = bad
    state = Mutex(State(time: start.seconds, bootTime: start.seconds))
    let running = SampleBundle(
      version: "1.0.1", sequence: 1, frames: 4, seed: 1, key: AutoWorld.key)
    var bundles: [String: SampleBundle] = [:]
    for sequence in 2...max(2, versions) {
      bundles["1.0.\(sequence)"] = SampleBundle(
        version: "1.0.\(sequence)", sequence: Int64(sequence), frames: 4, seed: UInt64(sequence),
        key: AutoWorld.key)
    }
    self.bundles = bundles
    devices = [
      .a: MemoryDevice(name: "a", bytes: running.image),
      .b: MemoryDevice(name: "b", bytes: [UInt8](repeating: 0, count: running.image.count)),
    ]
    boot = MemoryBootControl(
      BootControl(
        first: .a, a: SlotBootState(bootable: true, triesMade: 1),
        b: SlotBootState(bootable: false, triesMade: 0)))
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "keys.d"), withIntermediateDirectories: true)
    try AutoWorld.key.publicKey.file.write(
      to: folder.appending(path: "keys.d/test.pub"), atomically: true, encoding: .utf8)
    var first = Ledger()
    first.provision(.a, AutoWorld.image(running), updater.context)
    _ = try ledger.save(first)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private static func image(_ bundle: SampleBundle) -> ImageIdentity {
    ImageIdentity(
      version: bundle.manifest.version, sequence: bundle.manifest.sequence,
      imageDigest: bundle.manifest.artefacts[0].imageDigest,
      imageLength: UInt64(bundle.image.count), frameSize: SampleBundle.frameSize)
  }

  // MARK: - What tests change and see

  func change(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
  func look<Value: Sendable>(_ look: (State) -> Value) -> Value { state.withLock { look($0) } }

  var log: [(at: Timestamp, what: String)] { state.withLock { $0.log } }

  func note(_ what: String) {
    change { $0.log.append((Timestamp(seconds: $0.time), what)) }
  }

  func release(
    _ version: String, rollout: Rollout = .everybody, withdrawn: String? = nil
  ) -> Release {
    let bundle = bundles[version] ?? SampleBundle(frames: 1)
    return Release(
      version: version, sequence: bundle.manifest.sequence, compatible: ["test-box"],
      released: Timestamp(seconds: 1_770_000_000), bundle: "x", bundleLength: 1,
      manifestDigest: Digest(of: bundle.manifest.encoded),
      imageDigest: bundle.manifest.artefacts[0].imageDigest, rollout: rollout,
      withdrawal: withdrawn.map { Release.Withdrawal(at: Timestamp(seconds: 0), reason: $0) })
  }

  /// In the place of what the channel has of the same version.
  func publish(_ release: Release) {
    change {
      $0.index.releases.removeAll { $0.version == release.version }
      $0.index.releases.append(release)
    }
  }

  var updater: Updater {
    let (booted, bootID) = state.withLock { ($0.booted, "boot-\($0.bootCount)") }
    var configuration = Configuration()
    configuration.product = "kruxos"
    configuration.hardware = ["test-box"]
    return Updater(
      layout: .folder(FilePath(folder.path)), configuration: configuration,
      machine: MemoryMachine(booted: booted, bootID: bootID, devices: devices), boot: boot,
      ledgers: ledger, clock: { [unowned self] in now().wall })
  }

  /// The boot script decides, and krux-health ends the trial.
  func restart() throws {
    let decision = BootDecision(boot.current)
    guard case .boot(let slot) = decision.outcome else { throw Errno.ioError }
    try boot.save(decision.after)
    change {
      $0.booted = slot
      $0.bootCount += 1
      $0.time += 60
      $0.bootTime = $0.time
      $0.mustReboot = false
    }
    let version = try updater.status().version ?? "unknown"
    guard bad.contains(version) else {
      let (outcome, _) = try updater.confirm()
      return note(outcome == .triesGivenBack ? "runs \(version)" : "confirmed \(version)")
    }
    note("falls back from \(version)")
    _ = try updater.fallBack(reason: "the display stays dark", evidence: [])
    try restart()
  }

  // MARK: - AutoEffects

  func now() -> AutoMoment {
    state.withLock {
      AutoMoment(
        wall: Timestamp(seconds: $0.time + $0.skew), boot: "boot-\($0.bootCount)",
        uptime: ($0.time - $0.bootTime) * 1000)
    }
  }

  func isClockBehind() -> Bool { state.withLock { $0.isClockBehind } }

  func device() throws -> AutoDevice { try DeviceAuto(updater).device() }

  func schedule(_ settings: AutoSettings) -> Result<WindowSchedule, AutoFailure> {
    if let fault = state.withLock({ $0.zoneFault }) { return .failure(fault) }
    return .success(WindowSchedule(settings.windows, zone))
  }

  func chance(_ limit: Int64) -> Int64 {
    state.withLock { Int64.random(in: 0...limit, using: &$0.random) }
  }

  func storedAnswer() -> AutoAnswer? {
    guard let index = state.withLock({ $0.stored }), let status = try? updater.status() else {
      return nil
    }
    let facts = ReleaseFacts(
      hardware: ["test-box"], version: status.version,
      sequence: status.booted.record?.image.sequence,
      image: status.booted.record?.image.imageDigest, floor: status.floor,
      knownBad: Dictionary(
        status.knownBad.map { ($0.imageDigest, $0.reason) }, uniquingKeysWith: { $1 }),
      machineID: "machine", pin: state.withLock { $0.pin }, now: now().wall)
    return AutoAnswer(index, facts)
  }

  func ask() throws -> AutoAnswer {
    note("asks")
    let isOffline = state.withLock { state in
      if !state.isOffline { state.stored = state.index }
      return state.isOffline
    }
    guard !isOffline, let answer = storedAnswer() else {
      throw SourceFailure(.unreachable, "cannot reach the feed")
    }
    return answer
  }

  func inhibitors(
    _ step: AutoStep, version: String, _ settings: AutoSettings
  ) -> [String] {
    state.withLock { $0.inhibitors[step].map { [$0] } ?? [] }
  }

  func install(
    _ release: Release, maySwitch: @escaping @Sendable () throws -> Bool
  ) throws -> ApplyOutcome {
    if let fault = state.withLock({ $0.installFault }) { throw fault }
    let file = folder.appending(path: "bundle.krux")
    try Data(bundles[release.version]?.encoded ?? []).write(to: file)
    var options = ApplyOptions()
    options.release = release
    options.maySwitch = { [unowned self] in
      change { $0.time += $0.installSeconds }
      look { $0.meanwhile }?(self)
      return try maySwitch()
    }
    return try updater.apply(.file(file.path), options) { _ in }
  }

  func callOff() throws { _ = try updater.rollback(force: false) { _ in } }

  func reboot() { change { $0.mustReboot = true } }

  func memory() -> AutoMemory {
    let bytes = state.withLock { $0.memory.encoded }
    return AutoMemory(decoding: bytes) ?? AutoMemory()
  }

  func save(_ memory: AutoMemory) throws {
    try state.withLock { state throws(AutoFailure) in
      if let fault = state.saveFault { throw fault }
      state.memory = memory
      state.saves += 1
    }
  }

  func record(_ event: RecordEvent) { change { $0.events.append(event) } }
}

extension AutoWorld {
  /// One turn of the timer, with what it leads to.
  @discardableResult
  func turn(_ settings: AutoSettings) throws -> AutoRun.Report {
    var run = AutoRun(settings, self)
    let report = try run.run()
    for step in report.steps {
      switch step {
      case .checked: break
      case .downloaded(let version): note("downloaded \(version)")
      case .applied(let version): note("applied \(version)")
      case .calledOff(let version, _): note("called off \(version)")
      case .rebooting: note("reboots")
      }
    }
    if look({ $0.mustReboot }) { try restart() }
    return report
  }
}
