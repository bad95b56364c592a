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
    bundle = try BlockCommandTests.bundle(of: "newer.img", in: device)
  }

  private static func bundle(of image: String, in device: DeviceFolder) throws -> [UInt8] {
    func path(_ name: String) -> String { device.url(name).path }
    try succeed(
      Executable.release, "bundle", "create", "--image", path(image), "--product", "kruxos",
      "--version", "1.0.1", "--sequence", "11", "--compatible", "test-box", "--frame-size", "65536",
      "--key", path("release.key"), "--output", path("1.0.1.krux"))
    return try device.read("1.0.1.krux")
  }

  private func travelled() throws -> Int {
    try server.finish().reduce(0) { $0 + $1.sentBytes }
  }

  private func apply(_ bundle: [UInt8]? = nil, _ words: String...) throws -> Child.Ended {
    let address = try server.publish(bundle ?? self.bundle, "kruxos-1.0.1.krux")
    return try device.update(["apply", address] + words)
  }

  @Test func blocksAreFetchedOnlyWhereTheyAreNew() throws {
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(applied.errors.isEmpty)
    #expect(try device.slotHolds(newer))
    #expect(applied.output.contains("Searching what is running for parts of the image...\n"))
    // One block of 1,280, the tables, and what is read of the start.
    #expect(bundle.count > 3_000_000)
    let bytes = try travelled()
    #expect(bytes < 60_000, "\(bytes) of \(bundle.count)")
  }

  /// Of a frame that is compressed a chunk is fetched. A frame that blocks do not make is fetched whole: a hash does not
  /// tell all blocks apart that differ in their last byte. It stands in front of what was fetched in parts.
  @Test func aFrameIsFetchedWholeWherePartsDoNotMakeIt() throws {
    var random = SeededRandom(seed: 13)
    let frame = 65_536
    var image = (0..<40 * frame).map { _ in UInt8(random.next() & 255) }
    for place in 4 * frame..<5 * frame { image[place] &= 7 }
    try device.write("mixed.img", image)
    var base = image
    base[4 * frame + 5 * 4096] ^= 1
    base[8 * frame + 4095] ^= 1
    for number in 20..<30 { base[number * frame + 3 * 4096] ^= 1 }
    try device.write("root-a.img", base)
    let applied = try apply(try BlockCommandTests.bundle(of: "mixed.img", in: device))
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(applied.errors.isEmpty)
    #expect(try device.slotHolds(image))
    // Half a frame in half its length, a whole one, ten blocks: 119 KB; the tables, and what is read of the start.
    let bytes = try travelled()
    #expect((119_000..<147_000).contains(bytes), "\(bytes)")
  }

  /// As in a compressed file system: what follows a change stands at another byte.
  @Test func whatHasMovedByAnyBytesIsFound() throws {
    let moved = 1_234
    let base = Array(
      Releases.running.prefix(2_000_000) + [UInt8](repeating: 7, count: moved)
        + Releases.running.dropFirst(2_000_000).dropLast(moved))
    try device.write("root-a.img", base)
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(applied.errors.isEmpty)
    #expect(try device.slotHolds(newer))
    // The new block, that at the change, and the last one; the tables, and what is read of the start.
    let bytes = try travelled()
    #expect(bytes < 70_000, "\(bytes) of \(bundle.count)")
  }

  /// A device that was never provisioned knows nothing of what it runs.
  @Test func nothingHasToBeKnownOfWhatRuns() throws {
    try FileManager.default.removeItem(at: device.url("ledger.json"))
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(newer))
    #expect(try travelled() < 60_000)
  }

  @Test func whatIsElsewhereInTheBaseIsFetched() throws {
    var base = Releases.running
    for place in stride(from: 4096, to: base.count, by: 8192) { base[place] ^= 1 }
    try device.write("root-a.img", base)
    let applied = try apply()
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(newer))
    // Every other block.
    let bytes = try travelled()
    let half = bundle.count / 2..<bundle.count * 2 / 3
    #expect(half.contains(bytes), "\(bytes) of \(bundle.count)")
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
