import Foundation
import SlotCore
import SlotKitTesting

/// A folder that plays a device on which 1.0.0 runs in slot A, as a factory leaves it.
final class DeviceFolder {
  static let slotBytes = 5 << 20
  static let configuration = """
    product = "kruxos"
    hardware = ["test-box"]
    [fetch]
    retries = 2
    retry-delay-seconds = 0
    stall-timeout-seconds = 1

    """

  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  var path: String { folder.path }

  init(
    version: String = "1.0.0", sequence: Int64 = 10, targetBytes: Int = DeviceFolder.slotBytes
  ) throws {
    try FileManager.default.createDirectory(
      at: folder.appending(path: "keys.d"), withIntermediateDirectories: true)
    try write("root-a.img", Releases.running)
    try write("root-b.img", [UInt8](repeating: 0x5A, count: targetBytes))
    try write("keys.d/test.pub", Array(Releases.key.publicKey.file.utf8))
    try write("update.toml", Array(DeviceFolder.configuration.utf8))
    try succeed(
      Executable.release, "provision", "--root", path, "--version", version,
      "--sequence", "\(sequence)")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  // MARK: - Files

  func url(_ name: String) -> URL { folder.appending(path: name) }

  func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: url(name)) }

  func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url(name))) }

  func configure(_ text: String) throws { try write("update.toml", Array(text.utf8)) }

  /// Puts a bundle into the folder and returns its path.
  func bundle(_ bytes: [UInt8], _ name: String = "bundle.krux") throws -> String {
    try write(name, bytes)
    return url(name).path
  }

  /// The digest of every file but those that a reboot forgets, and what tells of a refusal.
  func snapshot() throws -> [String: Digest] {
    var digests: [String: Digest] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: path)
    where !name.hasPrefix("run") && name != "audit.log" {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: url(name).path, isDirectory: &isFolder)
      digests[name] = isFolder.boolValue ? Digest(of: []) : Digest(of: try read(name))
    }
    return digests
  }

  // MARK: - What a bootloader sees

  func control() throws -> BootControl {
    GrubBootControl.read(try GrubEnvironment(decoding: try read("grubenv")))
  }

  /// What the boot script would start now, its own defaults included.
  func nextBoot() -> BootDecision.Outcome {
    BootDecision((try? control()) ?? .scriptDefaults).outcome
  }

  func slotHolds(_ image: [UInt8], _ slot: SlotName = .b) throws -> Bool {
    try read("root-\(slot.rawValue.lowercased()).img").starts(with: image)
  }

  func targetIsUntouched() throws -> Bool { try read("root-b.img").allSatisfy { $0 == 0x5A } }

  // MARK: - Commands

  @discardableResult
  func update(_ words: String...) throws -> Child.Ended { try update(words) }

  @discardableResult
  func update(
    _ words: [String], input: String = "/dev/null", environment: [String: String] = [:]
  ) throws -> Child.Ended {
    try run(
      [Executable.update] + words + ["--root", path], input: input, environment: environment)
  }

  /// Applies through a real pipe.
  func applyThroughPipe(_ file: String, _ options: String = "") throws -> Child.Ended {
    let command = "cat '\(file)' | '\(Executable.update)' apply --root '\(path)' \(options) -"
    return try run(["sh", "-c", command])
  }

  func status() throws -> String { try update("status").output }

  /// The version in the other slot is staged and has come up, on trial.
  func bootIntoTrial(_ bundle: SampleBundle = Releases.next) throws {
    let staged = try update("apply", try self.bundle(bundle.encoded))
    guard staged.status == 0 else { throw ProgramFailure(words: ["apply"], output: staged.errors) }
    try update("reboot")
  }
}

/// Releases that the tests share: making an image takes longer than installing it.
enum Releases {
  static let key = SecretKey.generate()
  static let next = SampleBundle(version: "1.0.1", sequence: 11, frames: 64, seed: 1, key: key)
  static let newer = SampleBundle(version: "1.0.2", sequence: 12, frames: 16, seed: 2, key: key)
  static let running: [UInt8] = {
    var random = SeededRandom(seed: 3)
    let block = (0..<65_536).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    return (0..<DeviceFolder.slotBytes / block.count).flatMap {
      $0 % 3 == 2 ? block : block.map { ~$0 }
    }
  }()
}

/// Where the parts of a bundle stand.
struct BundleParts {
  let manifest: Range<Int>
  let signatures: Range<Int>
  let tables: Range<Int>
  let payload: Range<Int>

  init(_ bytes: [UInt8]) throws {
    let header = try BundleHeader(decoding: Array(bytes.prefix(BundleHeader.byteCount)))
    manifest = Int(header.manifestOffset)..<Int(header.signaturesOffset)
    signatures = Int(header.signaturesOffset)..<Int(header.tablesOffset)
    tables = Int(header.tablesOffset)..<Int(header.payloadOffset)
    payload = Int(header.payloadOffset)..<bytes.count
  }
}

extension SampleBundle {
  /// A bundle of parts that nobody would sign together: for what a manifest's own encoder cannot write.
  func assembled(manifest: [UInt8], signatures: [UInt8]? = nil) -> [UInt8] {
    let signed = signatures ?? Array(key.sign(manifest, trustedComment: "test").file.utf8)
    return BundleHeader(
      manifestLength: manifest.count, signaturesLength: signed.count,
      tablesLength: UInt64(table.count)
    ).encoded + manifest + signed + table + payload
  }

  /// The same with `old` in the manifest's text replaced, and signed as it then stands.
  func replacing(_ old: String, by new: String) -> [UInt8] {
    let text = String(decoding: manifest.encoded, as: UTF8.self)
    return assembled(manifest: Array(text.replacingOccurrences(of: old, with: new).utf8))
  }

  func changing(_ change: (inout SampleBundle) -> Void) -> SampleBundle {
    var copy = self
    change(&copy)
    return copy
  }
}
