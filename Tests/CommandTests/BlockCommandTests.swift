import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// An update from a web server, of a device that runs a release which the bundle does not know.
@Suite struct BlockCommandTests {
  private let device: DeviceFolder
  private let server: WebServer
  private let newer: [UInt8]
  private let bundle: [UInt8]

  private static let insertedAt = 1_200_000 / 4096 * 4096

  init() throws {
    device = try DeviceFolder()
    server = try WebServer()
    var random = SeededRandom(seed: 11)
    let inserted = (0..<4096).map { _ in UInt8(random.next() & 255) }
    // From there on everything has moved by a block.
    newer = Array(
      Releases.running.prefix(BlockCommandTests.insertedAt) + inserted
        + Releases.running.dropFirst(BlockCommandTests.insertedAt).dropLast(4096))
    try device.write("newer.img", newer)
    let folder = device
    func path(_ name: String) -> String { folder.url(name).path }
    try succeed(
      Executable.release, "keygen", "--secret", path("release.key"), "--public",
      path("keys.d/release.pub"), "--no-password")
    try succeed(
      Executable.release, "bundle", "create", "--image", path("newer.img"), "--product", "kruxos",
      "--version", "1.0.1", "--sequence", "11", "--compatible", "test-box", "--frame-size", "65536",
      "--key", path("release.key"), "--output", path("1.0.1.krux"))
    bundle = try device.read("1.0.1.krux")
  }

  private func travelled() throws -> Int {
    try server.finish().reduce(0) { $0 + $1.sentBytes }
  }

  private func apply(_ bundle: [UInt8]? = nil, _ words: String...) throws -> Child.Ended {
    let address = try server.publish(bundle ?? self.bundle, "kruxos-1.0.1.krux")
    return try device.update(["apply", address] + words)
  }

  @Test func framesAreFetchedOnlyWhereABlockIsNew() throws {
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(applied.errors.isEmpty)
    #expect(try device.slotHolds(newer))
    #expect(applied.output.contains("Searching what is running for parts of the image...\n"))
    // One frame of 80, the tables, and what is read of the start.
    #expect(bundle.count > 3_000_000)
    let bytes = try travelled()
    #expect(bytes < 120_000, "\(bytes) of \(bundle.count)")
  }

  /// A device that was never provisioned knows nothing of what it runs.
  @Test func nothingHasToBeKnownOfWhatRuns() throws {
    try FileManager.default.removeItem(at: device.url("ledger.json"))
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(newer))
    #expect(try travelled() < 120_000)
  }

  @Test func whatIsElsewhereInTheBaseIsFetched() throws {
    var base = Releases.running
    for place in stride(from: 4096, to: base.count, by: 8192) { base[place] ^= 1 }
    try device.write("root-a.img", base)
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(newer))
    #expect(try travelled() > 3_000_000)
  }

  /// A pass over all of it would take time for nothing.
  @Test func aBaseThatIsSomethingElseIsNotSearched() throws {
    var random = SeededRandom(seed: 12)
    let other = (0..<Releases.running.count / 8).flatMap { _ in
      withUnsafeBytes(of: random.next()) { Array($0) }
    }
    try device.write("root-a.img", other)
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(!applied.output.contains("Searching"))
    #expect(try device.slotHolds(newer))
  }

  @Test func aDamagedTableOfBlocksCostsBytesOnly() throws {
    var bundle = bundle
    let parts = try BundleParts(bundle)
    bundle[parts.tables.upperBound - 3] ^= 1
    let applied = try apply(bundle)
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(applied.errors.contains("the bundle's table of blocks is damaged"))
    #expect(try device.slotHolds(newer))
    #expect(try travelled() > 3_000_000)
  }

  /// Reading the booted slot would take time and save nothing.
  @Test func aBundleThatIsNearIsReadAsItIs() throws {
    let applied = try device.update("apply", device.url("1.0.1.krux").path)
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(!applied.output.contains("Searching"))
    #expect(try device.slotHolds(newer))
  }

  @Test func aDryRunSaysWhatWouldBeFetched() throws {
    let planned = try apply(nil, "--dry-run", "--json")
    #expect(planned.status == 0, "\(planned.errors)")
    #expect(planned.output.contains("\"phase\":\"searching\""))
    #expect(try device.targetIsUntouched())
  }

  /// All of it travels whatever is skipped.
  @Test func aServerWithoutRangesIsReadThrough() throws {
    let address = try server.publish(bundle, "kruxos-1.0.1.krux")
      .replacing("/kruxos-1.0.1.krux", with: "/whole/kruxos-1.0.1.krux")
    let applied = try device.update("apply", address)
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(!applied.output.contains("Searching"))
    #expect(try device.slotHolds(newer))
  }

  /// What is in the target already is not looked for elsewhere.
  @Test func aTargetThatIsWholeNeedsNoSearch() throws {
    try #require(try apply().status == 0)
    let again = try apply()
    #expect(again.status == 0)
    #expect(!again.output.contains("Searching"))
  }
}
