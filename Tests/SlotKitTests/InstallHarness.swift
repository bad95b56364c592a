import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import SystemPackage

/// An updater on memory, with the bundle in a temporary file.
final class InstallHarness {
  let folder: URL
  let bundle: SampleBundle
  let target: MemoryDevice
  let booted: MemoryDevice
  let boot: MemoryBootControl
  let ledger: MemoryLedger
  let cancellation = Cancellation()
  let recorder = MemoryRecorder()
  var events: [String] = []
  var warnings: [String] = []
  /// Bytes of the last install that went to the target, and that were read of the bundle.
  var written: (bytes: UInt64, fetched: UInt64)?

  static let oldContent = [UInt8](repeating: 0x5A, count: 4 << 20)

  init(
    _ bundle: SampleBundle = SampleBundle(), target: MemoryDevice? = nil,
    booted: MemoryDevice = MemoryDevice(name: "booted", bytes: [0]), ledger: Ledger = Ledger(),
    control: BootControl? = nil
  ) throws {
    self.bundle = bundle
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "keys.d"), withIntermediateDirectories: true)
    try bundle.key.publicKey.file.write(
      to: folder.appending(path: "keys.d/test.pub"), atomically: true, encoding: .utf8)
    self.booted = booted
    self.target = target ?? MemoryDevice(name: "target", bytes: InstallHarness.oldContent)
    boot = MemoryBootControl(
      control
        ?? BootControl(
          first: .a, a: SlotBootState(bootable: true, triesMade: 1),
          b: SlotBootState(bootable: true, triesMade: 0)))
    self.ledger = MemoryLedger(ledger)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var updater: Updater {
    var configuration = Configuration()
    configuration.product = "kruxos"
    configuration.hardware = ["test-box"]
    return Updater(
      layout: .folder(FilePath(folder.path)), configuration: configuration,
      machine: MemoryMachine(
        devices: [.a: booted, .b: target]),
      boot: boot, ledgers: ledger, recorder: recorder, cancellation: cancellation)
  }

  @discardableResult
  func apply(_ bytes: [UInt8]? = nil, force: Bool = false) throws -> ApplyOutcome {
    let path = folder.appending(path: "bundle.krux")
    try Data(bytes ?? bundle.encoded).write(to: path)
    var options = ApplyOptions()
    options.overrides.force = force
    return try updater.apply(.file(path.path), options) { [unowned self] event in
      note(event)
    }
  }

  private func note(_ event: InstallEvent) {
    switch event {
    case .verified: events.append("verified")
    case .planned(let plan): events.append("planned \(plan.writeBytes)")
    case .disarmed: events.append("disarmed")
    case .switched: events.append("switched")
    case .warning(let text): warnings.append(text)
    case .written(let bytes, let fetched): written = (bytes, fetched)
    case .progress: break
    }
  }

  var imageInTarget: Bool { Array(target.bytes.prefix(bundle.image.count)) == bundle.image }

  /// The old slot boots, the target does not.
  var isDisarmed: Bool {
    let control = boot.current
    return control.first == .a && control.a.bootable && !control.b.bootable && control.trial == nil
  }
}
