import Foundation
import Testing

/// A program that stands in a checkout knows it, wherever the tests run. Tests/modes has an instance of every mode.
struct ModeTests {
  /// A checkout, and in it a copy of krux-update.
  private static func withCheckout(_ body: (URL, String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let bin = folder.appending(path: ".build/release")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
      at: folder.appending(path: ".git"), withIntermediateDirectories: true)
    try Data().write(to: folder.appending(path: "Package.swift"))
    let program = bin.appending(path: "krux-update").path
    // Not by this process: a file that it has open for writing cannot be started.
    try succeed("cp", Executable.update, program)
    try body(folder, program)
  }

  @Test func statusTellsThatItRunsFromACheckout() throws {
    try ModeTests.withCheckout { folder, program in
      let status = try run([program, "status"])
      #expect(status.status == 0)
      #expect(
        status.outputLines == [
          "Mode:         development", "Checkout:     \(folder.path)",
          "Update with:  git -C \(folder.path) pull && make -C \(folder.path) install",
        ])
      let object = try JSONObject(try run([program, "status", "--json"]).output)
      #expect(object.text("mode") == "development")
      #expect(object.text("checkout") == folder.path)
    }
  }

  @Test(arguments: [
    ["apply", "--json", "none.krux"], ["rollback", "--json"], ["confirm", "--json"],
    ["reject", "--json"], ["reboot", "--json"], ["check", "--json"],
    ["channel", "--json"], ["channel", "--json", "beta"],
    ["pin", "--json", "1.0"], ["unpin", "--json"],
  ])
  func whatNeedsAnInstallationIsRefused(words: [String]) throws {
    try ModeTests.withCheckout { folder, program in
      let refused = try run([program] + words)
      #expect(refused.status == 79)
      let object = try JSONObject(refused.output)
      #expect(object.text("domain") == "mode")
      #expect(object.text("code") == "update_unsupported_in_development_mode")
      let details = try #require(object.members["details"] as? [String: Any])
      #expect(details["checkout"] as? String == folder.path)
      #expect(
        refused.errors == """
          krux-update: this product runs from the source checkout \(folder.path)
            hint: update it with: git -C \(folder.path) pull && make -C \(folder.path) install

          """)
    }
  }

  @Test func aFolderThatPlaysADeviceHasNoMode() throws {
    let device = try DeviceFolder()
    let status = try device.update("status")
    #expect(status.status == 0)
    #expect(!status.output.contains("Mode:"))
    let object = try JSONObject(try device.update("status", "--json").output)
    #expect(!object.names.contains("mode"))
  }
}
