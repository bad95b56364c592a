import Foundation
import SlotCore
import SlotKit
import SlotKitTesting
import SystemPackage
import Testing

/// The reader of time zones against date(1), which asks the C library.
@Suite struct ZoneFilesTests {
  private func offsets(_ zone: String, _ moments: [Int64]) throws -> [String] {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try moments.map { "@\($0)\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
    return try runProgram("env", "TZ=\(zone)", "date", "-f", file.path, "+%s %::z")
      .split(separator: "\n")
      // `-00`: nobody was there whose clock could say another time.
      .map { $0.replacingOccurrences(of: "-00:00:00", with: "+00:00:00") }
  }

  private func text(_ offset: Int64) -> String {
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let seconds = abs(offset)
    let parts = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(two)
    return (offset < 0 ? "-" : "+") + parts.joined(separator: ":")
  }

  /// Summers in the south, of half an hour, in winter; days that were left out; rules with odd times.
  @Test(arguments: [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
    "Asia/Kolkata", "America/Sao_Paulo", "Europe/Dublin", "Pacific/Apia", "Antarctica/Troll",
    "Asia/Gaza", "America/Nuuk", "Africa/Monrovia", "UTC",
  ])
  func aZoneTellsWhatTheCLibraryTells(zone: String) throws {
    let rules = try ZoneFiles.rules(zone)
    var random = SeededRandom(seed: 5)
    let anywhere = (0..<1500).map { _ in
      Int64.random(in: -2_208_988_800...7_258_118_400, using: &random)
    }
    // Every quarter of an hour of the days on which clocks may be changed this spring.
    let spring = (0..<2000).map { Int64(1_773_000_000 + $0 * 900) }
    let moments = anywhere + spring
    let expected = try offsets(zone, moments)
    let found = moments.map { "\($0) \(text(rules.offset(at: Timestamp(seconds: $0))))" }
    #expect(found.count == expected.count)
    #expect(zip(found, expected).first { $0 != $1 }.map { "\($0) and not \($1)" } == nil)
  }

  @Test(arguments: [
    "Europe/Atlantis", "../../etc/passwd", "", "Europe/", "/etc/localtime", "tzdata.zi",
  ])
  func whatIsNoZone(name: String) {
    #expect(throws: AutoFailure.self) { try ZoneFiles.rules(name) }
  }

  @Test func theSystemsOwn() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let link = folder.appending(path: "localtime").path
    #expect(try ZoneFiles.rules(nil, localTime: FilePath(link)) == .utc)
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: "/usr/share/zoneinfo/Asia/Kolkata")
    let rules = try ZoneFiles.rules(nil, localTime: FilePath(link))
    #expect(rules.name == "Asia/Kolkata")
    #expect(rules.offset(at: Timestamp(seconds: 0)) == 19_800)
  }
}
