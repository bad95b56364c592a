import Foundation
import Testing

/// What the dynamic loader brings into the executables, and what they do without the rest.
@Suite struct LibraryTests {
  /// Only trees need libarchive, and with it libxml2 and ICU: the watch over a boot must not.
  @Test(arguments: [Executable.update, Executable.health, Executable.release])
  func nothingIsLinkedThatOnlyTreesNeed(program: String) throws {
    let lines = try succeed("ldd", program).split(separator: "\n")
    #expect(lines.contains { $0.contains("libcurl.so") }, "\(lines)")
    let unwanted = lines.filter { line in
      ["libarchive.", "libxml2.", "libicu"].contains { line.contains($0) }
    }
    #expect(unwanted == [])
  }

  /// A file that is no library stands in the place of libarchive.
  @Test func withoutLibarchiveNoServiceIsPackedOrUnpacked() throws {
    let device = try DeviceFolder()
    let key = device.url("release.key").path
    try succeed(
      Executable.release, "keygen", "--secret", key, "--public", device.url("keys.d/s.pub").path,
      "--no-password")
    for (folder, name) in [("tree", "run"), ("lib", "libarchive.so.13")] {
      try FileManager.default.createDirectory(
        at: device.url(folder), withIntermediateDirectories: true)
      try device.write("\(folder)/\(name)", [])
    }
    let without = ["LD_LIBRARY_PATH": device.url("lib").path]
    let bundle = device.url("gateway.krux").path
    let create = [
      Executable.release, "bundle", "create", "--tree", "gateway=\(device.url("tree").path)",
      "--product", "kruxos", "--version", "1.0", "--sequence", "1", "--compatible", "test-box",
      "--key", key, "--output", bundle,
    ]
    let packed = try run(create, environment: without)
    #expect(packed.status == 72)
    #expect(packed.errors.contains("libarchive13"))
    #expect(!FileManager.default.fileExists(atPath: bundle))
    #expect(try run(create).status == 0)

    let apply = [
      Executable.update, "apply", "--root", device.path, "--service-only", "--json", bundle,
    ]
    let unpacked = try run(apply, environment: without)
    #expect(unpacked.status == 72)
    let error = try JSONObject(try #require(unpacked.outputLines.last))
    #expect(error.text("domain") == "system")
    #expect(error.text("code") == "library_missing")
    let message = try #require(error.text("message"))
    #expect(message.contains("libarchive.so.13"))
    #expect(!FileManager.default.fileExists(atPath: device.url("services").path))
    #expect(try run(apply).status == 0)
  }
}
