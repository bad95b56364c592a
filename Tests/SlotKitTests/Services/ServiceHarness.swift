import Foundation
import SlotCore
import SlotKitTesting
import SystemPackage

@testable import SlotKit

/// A device in a folder with services, whose units are scripted.
final class ServiceHarness {
  static let key = SecretKey.generate()

  let folder: URL
  let effects = ScriptedServices()
  let cancellation = Cancellation()
  var configuration = Configuration()
  var now = Timestamp(seconds: 1_800_000_000)
  private(set) var warnings: [String] = []
  private(set) var events: [String] = []
  var onProgress: (UInt64) -> Void = { _ in }
  var after: @Sendable (ServiceFolder.Step) throws -> Void = { _ in }

  /// - Parameter services: where the trees are, if not in the folder.
  init(services: String? = nil) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(
      at: folder.appending(path: "keys.d"), withIntermediateDirectories: true)
    try ServiceHarness.key.publicKey.file.write(
      to: folder.appending(path: "keys.d/test.pub"), atomically: true, encoding: .utf8)
    configuration.product = "kruxos"
    configuration.hardware = ["test-box"]
    configuration.services.directory = services
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func updater(quiet: @escaping @Sendable () throws -> Void = {}) -> ServiceUpdater {
    let now = now
    var updater = ServiceUpdater(
      layout: Layout.folder(FilePath(folder.path)).applying(configuration),
      configuration: configuration, effects: effects, clock: { now }, requireQuiet: quiet,
      cancellation: cancellation)
    updater.folder.after = after
    return updater
  }

  // MARK: - Bundles

  /// A tree of `files` files, each of which says the version.
  static func bundle(
    _ version: String, _ sequence: Int64, service: String = "gateway", floor: Int64? = nil,
    units: [String] = ["gateway.service"], files: Int = 3
  ) -> SampleBundle {
    var tar = TarWriter()
    tar.folder("bin")
    for index in 0..<files {
      tar.add("bin/\(index)", content: "\(service) \(version)", mode: 0o755)
    }
    let bytes = UInt64(files * "\(service) \(version)".utf8.count)
    return bundle(
      tar, TreeContent(units: units, entries: files + 1, bytes: bytes), version, sequence,
      service: service, floor: floor)
  }

  static func bundle(
    _ tar: TarWriter, _ content: TreeContent, _ version: String = "1.0", _ sequence: Int64 = 1,
    service: String = "gateway", floor: Int64? = nil
  ) -> SampleBundle {
    SampleBundle(
      service: service, archive: tar.archive, content: content, version: version,
      sequence: sequence, floor: floor, key: key)
  }

  @discardableResult
  func apply(
    _ bundle: SampleBundle, force: Bool = false, allowDowngrade: Bool = false,
    restart: Bool = true
  ) throws -> [ServiceOutcome] {
    var options = ServiceApplyOptions()
    options.overrides = InstallOverrides(force: force, allowDowngrade: allowDowngrade)
    options.restart = restart
    return try updater().apply(.file(try file(bundle)), options) { [unowned self] in note($0) }
  }

  func file(_ bundle: SampleBundle) throws -> String {
    let path = folder.appending(path: "bundle.krux")
    try Data(bundle.encoded).write(to: path)
    return path.path
  }

  @discardableResult
  func rollback(_ service: String = "gateway", restart: Bool = true) throws -> ServiceOutcome {
    try updater().rollback(service: service, restart: restart) { [unowned self] in note($0) }
  }

  func note(_ event: ServiceEvent) {
    switch event {
    case .warning(let text): warnings.append(text)
    case .verified: events.append("verified")
    case .progress(_, _, let done, _): onProgress(done)
    case .switched(let service, let version): events.append("switched \(service) \(version)")
    case .restarting(let unit): events.append("restarting \(unit)")
    case .probing(let service): events.append("probing \(service)")
    case .putBack(let service, let version, _):
      events.append("put back \(service) \(version ?? "nothing")")
    }
  }

  // MARK: - What is there

  var services: URL {
    configuration.services.directory.map { URL(filePath: $0) }
      ?? folder.appending(path: "services")
  }

  /// What stands in the folder of services, hidden things too.
  func names() throws -> [String] {
    guard FileManager.default.fileExists(atPath: services.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: services.path).sorted()
  }

  /// What a file of the tree that the service runs from says.
  func runs(_ service: String = "gateway") -> String? {
    try? String(
      contentsOf: services.appending(path: "\(service)/current/bin/0"), encoding: .utf8)
  }

  func record(_ service: String = "gateway") throws -> ServiceRecord {
    try updater().settledRecords().records[service]
  }
}

/// The code of the failure that `body` throws; nil for another outcome.
func failureCode<Code: FailureCode>(_ type: Code.Type, of body: () throws -> Void) -> Code? {
  do { try body() } catch let failure as Failure<Code> { return failure.code } catch {}
  return nil
}
