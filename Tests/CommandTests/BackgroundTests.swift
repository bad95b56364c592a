import Foundation
import SlotKitTesting
import Testing

/// `--background`: with which priority the threads of a command run.
@Suite struct BackgroundTests {
  /// The threads of an install that waits for the second half of its bundle: the niceness of each, and the disk's
  /// priority of those that work.
  private func threads(_ options: [String], _ section: String = "") throws -> (
    nice: [Int], disk: Set<String>
  ) {
    let device = try DeviceFolder(targetBytes: LargeRelease.image.count)
    try device.configure(DeviceFolder.configuration + section)
    let file = LargeRelease.bundle.encoded
    let (input, output) = (try Fifo(), try EventStream())
    let child = try Child(
      [Executable.update, "apply", "--json", "--root", device.path] + options + ["-"],
      input: input.path, outputTo: output.path)
    input.write(Array(file.prefix(file.count / 2)))
    try output.wait { $0.text("phase") == "writing" }
    let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(child.pid)/task")
    let nice = try names.map { try BackgroundTests.nice("/proc/\(child.pid)/task/\($0)/stat") }
    // The first thread, which feeds, and one that it has started.
    let disk = try [names.compactMap { Int($0) }.min(), names.compactMap { Int($0) }.max()]
      .map { try succeed("ionice", "-p", "\(try #require($0))") }
    child.signal(SIGTERM)
    #expect(child.wait().status == 130)
    return (nice.sorted(), Set(disk.map { $0.trimmingCharacters(in: .newlines) }))
  }

  /// The nineteenth field of proc(5); the second, a name in brackets, may hold anything.
  private static func nice(_ path: String) throws -> Int {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let rest = text[text.index(after: try #require(text.lastIndex(of: ")")))...]
    return try #require(Int(rest.split(separator: " ")[16]))
  }

  private static let ownNice = Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))

  /// Threads whose priority stays: the one that waits for Ctrl-C, and that of ThreadSanitizer where that is in the
  /// executable, which then gets its options.
  private static let notLowered = ProcessInfo.processInfo.environment["TSAN_OPTIONS"] == nil ? 1 : 2

  /// One that reads the bundle and one that writes. The one that waits for Ctrl-C is to be heard at once.
  @Test func fewThreadsWorkAndAllHaveTheLowestPriority() throws {
    let (nice, disk) = try threads(["--background"])
    #expect(nice.count { $0 == 19 } == 2)
    #expect(nice.dropFirst(BackgroundTests.notLowered).allSatisfy { $0 == 19 }, "\(nice)")
    #expect(disk == ["idle"])
  }

  @Test func thePrioritiesAreThoseOfTheConfiguration() throws {
    let section = "[background]\nnice = 18\ndisk-priority = \"lowest\"\n"
    let (nice, disk) = try threads(["--background"], section)
    #expect(nice.dropFirst(BackgroundTests.notLowered).allSatisfy { $0 == 18 }, "\(nice)")
    #expect(disk == ["best-effort: prio 7"])
  }

  /// What a person waits for is not slowed down, whatever the configuration says of the background.
  @Test func withoutTheOptionNothingIsLowered() throws {
    let (nice, disk) = try threads([], "[background]\nnice = 18\n")
    #expect(nice.count > 3)
    #expect(nice.allSatisfy { $0 == BackgroundTests.ownNice }, "\(nice)")
    #expect(disk.isDisjoint(with: ["idle", "best-effort: prio 7"]))
  }

  @Test func rollbackAndVerifyKnowTheOption() throws {
    let device = try DeviceFolder()
    let path = try device.bundle(Releases.next.encoded)
    #expect(try device.update("verify", "--background", path).status == 0)
    #expect(try device.update("apply", "--background", path).status == 0)
    try device.update("reboot")
    try device.update("confirm")
    let back = try device.update("rollback", "--background", "--verbose")
    #expect(back.status == 0, "\(back.errors)")
  }
}
