import Foundation
import SlotCore
import SlotKitTesting
import Testing

/// An update from a web server, of a device that runs one of the bundle's bases.
@Suite struct DeltaCommandTests {
  private let device: DeviceFolder
  private let server: WebServer
  private let newer: [UInt8]
  private let bundle: [UInt8]

  init() throws {
    device = try DeviceFolder()
    server = try WebServer()
    let folder = device
    func path(_ name: String) -> String { folder.url(name).path }
    try succeed(
      Executable.release, "keygen", "--secret", path("release.key"), "--public",
      path("keys.d/release.pub"), "--no-password")
    // Everything from the second block on has moved by one, a little has changed, and some is new.
    var random = SeededRandom(seed: 11)
    let inserted = (0..<4096).map { _ in UInt8(random.next() & 255) }
    var image = Array(
      Releases.running.prefix(4096) + inserted + Releases.running.dropFirst(4096).dropLast(4096))
    for place in stride(from: 1 << 20, to: (1 << 20) + 40_000, by: 900) { image[place] ^= 0x55 }
    newer = image
    try device.write("newer.img", image)
    let common = ["--product", "kruxos", "--compatible", "test-box", "--key", path("release.key")]
    for (version, sequence, image, extra) in [
      ("1.0.0", "10", "root-a.img", []),
      ("1.0.1", "11", "newer.img", ["--base", path("1.0.0.krux")]),
    ] {
      let made = try run(
        [
          Executable.release, "bundle", "create", "--image", path(image), "--version", version,
          "--sequence", sequence, "--output", path("\(version).krux"),
        ] + common + extra)
      #expect(made.status == 0, "\(made.errors)")
    }
    bundle = try device.read("1.0.1.krux")
  }

  @Test func patchesAreFetchedAndNothingElse() throws {
    let applied = try device.update("apply", try server.publish(bundle, "kruxos-1.0.1.krux"))
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(try device.slotHolds(newer))
    let lines = applied.output.split(separator: "\n").map(String.init)
    try #require(lines.count > 4)
    #expect(lines[2].hasPrefix("Updating from what is running... ("))
    #expect(lines[4].hasSuffix(" written"))
    #expect(lines[4].contains(" fetched, 3 MB saved, 5 MB"), "\(lines[4])")
    let travelled = try server.finish().reduce(0) { $0 + $1.sentBytes }
    #expect(travelled < 80_000, "\(travelled) of \(bundle.count)")
  }

  @Test func aPipeIsServedByTheSameBundle() throws {
    let applied = try run(
      [Executable.update, "apply", "--root", device.path, "--no-reboot", "-"],
      input: device.url("1.0.1.krux").path)
    #expect(applied.status == 0, "\(applied.errors)")
    #expect(applied.output.contains("Updating from what is running"))
    #expect(try device.slotHolds(newer))
  }

  @Test func aDryRunSaysWhatWouldBeFetched() throws {
    let applied = try device.update(
      "apply", "--dry-run", try server.publish(bundle, "kruxos-1.0.1.krux"))
    #expect(applied.status == 0)
    #expect(applied.output.contains("To write:     at most 5 MB\n"), "\(applied.output)")
    #expect(try device.targetIsUntouched())
  }

  /// There are more steps here than hundredths.
  @Test func aProgramIsToldOfEveryHundredthOnce() throws {
    let image = newer + [UInt8](repeating: 0, count: 960 * 65_536)
    try device.write("long.img", image)
    try device.write("root-b.img", [UInt8](repeating: 0x5A, count: image.count))
    let made = try run([
      Executable.release, "bundle", "create", "--image", device.url("long.img").path,
      "--product", "kruxos", "--version", "1.0.1", "--sequence", "11", "--compatible", "test-box",
      "--base", device.url("1.0.0.krux").path, "--frame-size", "65536",
      "--key", device.url("release.key").path, "--output", device.url("long.krux").path,
    ])
    #expect(made.status == 0, "\(made.errors)")
    let applied = try device.update("apply", "--json", device.url("long.krux").path)
    #expect(applied.status == 0, "\(applied.errors)")
    let all = try events(applied.output)
    let hundredths = all.filter { $0.text("phase") == "writing" }.map {
      ($0.number("doneBytes") ?? 0) * 100 / ($0.number("totalBytes") ?? 1)
    }
    #expect(hundredths.count > 50)
    #expect(hundredths == Array(Set(hundredths)).sorted())
    let planned = try #require(all.first { $0.text("event") == "planned" })
    #expect(planned.number("zeroBytes") == 960 * 65_536)
  }

  @Test func anotherProductIsNoBase() throws {
    let made = try run([
      Executable.release, "bundle", "create", "--image", device.url("newer.img").path,
      "--product", "other", "--version", "1.0.1", "--sequence", "11", "--compatible", "test-box",
      "--base", device.url("1.0.0.krux").path, "--output", device.url("other.krux").path,
    ])
    #expect(made.status == 64, "\(made.errors)")
    #expect(made.errors.contains("is of product kruxos, not other"))
    #expect(!FileManager.default.fileExists(atPath: device.url("other.krux").path))
  }
}
